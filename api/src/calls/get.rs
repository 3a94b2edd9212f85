//! `getCall`.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use serde::Deserialize;
use service::{Callstore, Part};
use utoipa::IntoParams;
use validator::Validate;

use super::{
    include::{CallPartNames, Include},
    model::Call,
};
use crate::{
    extract::{CallPath, Query, etag, etag_with_parts, fresh},
    problem::Problem,
};

/// What to return with the call.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetCallQuery {
    /// The parts to return with the call: `include=recordings,metadata`, or `include` repeated for each part.
    #[param(inline, value_type = Option<CallPartNames>, style = Form, explode = false)]
    #[serde(default)]
    include: Include<Part>,
}

/// Get a call
///
/// Returns the call and, on request, its parts: the first 500 items of each. The lists of the parts have the rest.
#[utoipa::path(
    operation_id = "getCall",
    tag = "Calls",
    security(("apiKey" = ["read"])),
    params(
        GetCallQuery,
        ("If-None-Match" = Option<String>, Header, description = "Return 304 if one of these ETags is current."),
    ),
    responses(
        (status = 200, description = "The call.", body = Call, example = json!(Call::sample_completed())),
        (status = 304, description = "The client's copy is current."),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
    ),
)]
#[get("/calls/{call}")]
pub(crate) async fn get_call(
    callstore: Data<Callstore>,
    request: HttpRequest,
    call: CallPath,
    Query(query): Query<GetCallQuery>,
) -> Result<HttpResponse, Problem> {
    let (call, parts) = callstore.calls.get(&call.0, &query.include.0).await?;
    let shown = Call::with_parts(call.clone(), parts)?;
    let etag = if query.include.0.is_empty() { etag(&call) } else { etag_with_parts(&call, &shown) };
    Ok(fresh(&request, etag, &shown))
}
