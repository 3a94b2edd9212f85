//! `getMetadata`.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use service::Callstore;

use super::model::Metadata;
use crate::{
    extract::{CallPath, NoQuery, Query, etag, fresh},
    problem::Problem,
};

/// Get a call's metadata
///
/// Returns the call's metadata, or 404 if it has none.
#[utoipa::path(
    operation_id = "getMetadata",
    tag = "Metadata",
    security(("apiKey" = ["read"])),
    params(("If-None-Match" = Option<String>, Header, description = "Return 304 if one of these ETags is current.")),
    responses(
        (status = 200, description = "The metadata.", body = Metadata, example = json!(Metadata::sample())),
        (status = 304, description = "The client's copy is current."),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid. `metadata_not_found`: the call has none."),
    ),
)]
#[get("/calls/{call}/metadata")]
pub(crate) async fn get_metadata(
    callstore: Data<Callstore>,
    request: HttpRequest,
    call: CallPath,
    _: Query<NoQuery>,
) -> Result<HttpResponse, Problem> {
    let metadata = callstore.metadata.get(&call.0).await?;
    Ok(fresh(&request, etag(&metadata), &Metadata::from(metadata)))
}
