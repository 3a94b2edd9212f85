//! `deleteMetadata`.

use actix_web::{HttpResponse, delete, web::Data};
use service::Callstore;

use crate::{
    extract::{CallPath, Condition, NoQuery, Query},
    problem::Problem,
};

/// Delete a call's metadata
///
/// Deletes the metadata and keeps the call.
#[utoipa::path(
    operation_id = "deleteMetadata",
    tag = "Metadata",
    security(("apiKey" = ["admin"])),
    params(
        ("If-Match" = Option<String>, Header, description = "Apply the change only if one of these ETags is current; `*`: only if it exists."),
    ),
    responses(
        (status = 204, description = "The metadata is deleted."),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid. `metadata_not_found`: the call has none."),
        (status = 412, description = "`precondition_failed`: it has changed (ETag mismatch). Fetch it and retry."),
    ),
)]
#[delete("/calls/{call}/metadata")]
pub(crate) async fn delete_metadata(
    callstore: Data<Callstore>,
    call: CallPath,
    _: Query<NoQuery>,
    Condition(condition): Condition,
) -> Result<HttpResponse, Problem> {
    callstore.metadata.delete(&call.0, condition).await?;
    Ok(HttpResponse::NoContent().finish())
}
