//! `getComputedAnalytics`.

mod model;
mod reported;
mod sample;

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use service::{Callstore, digest};

use model::ComputedAnalytics;

use crate::{
    extract::{CallPath, NoQuery, Query, fresh},
    problem::Problem,
};

/// Get a call's computed analytics
///
/// The figures that follow from who speaks when in the recording, as docs/analytics.md defines them. Times are seconds
/// from its start, latencies are milliseconds. `reported` is the latest snapshot of `addAnalytics` beside them.
#[utoipa::path(
    operation_id = "getComputedAnalytics",
    tag = "Analytics",
    security(("apiKey" = ["read"])),
    params(("If-None-Match" = Option<String>, Header, description = "Return 304 if one of these ETags is current.")),
    responses(
        (status = 200, description = "The figures.", body = ComputedAnalytics, example = json!(ComputedAnalytics::sample())),
        (status = 304, description = "The client's copy is current."),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid. `not_computed`: it has no recording, or \
            one that was never analyzed."),
        (status = 409, description = "`call_not_finalized`: the recording is still to be made."),
    ),
)]
#[get("/calls/{call}/analytics/computed")]
pub(crate) async fn get_computed_analytics(
    callstore: Data<Callstore>,
    request: HttpRequest,
    call: CallPath,
    _: Query<NoQuery>,
) -> Result<HttpResponse, Problem> {
    let shown = ComputedAnalytics::from(callstore.computed.get(&call.0).await?);
    Ok(fresh(&request, format!("\"{}\"", digest(&shown)), &shown))
}
