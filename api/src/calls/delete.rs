//! `deleteCall`.

use actix_web::{HttpResponse, delete, web::Data};
use service::Callstore;

use crate::{
    extract::{CallPath, Condition, NoQuery, Query},
    problem::Problem,
};

/// Delete a call
///
/// The call and everything in it are unreadable once this returns; files and rows follow soon after. Its `streamSid`
/// and `callSid` can be used again.
#[utoipa::path(
    operation_id = "deleteCall",
    tag = "Calls",
    security(("apiKey" = ["admin"])),
    params(
        ("If-Match" = Option<String>, Header, description = "Apply the change only if one of these ETags is current; `*`: only if it exists."),
    ),
    responses(
        (status = 204, description = "The call is deleted."),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
        (status = 412, description = "`precondition_failed`: it has changed (ETag mismatch). Fetch it and retry."),
    ),
)]
#[delete("/calls/{call}")]
pub(crate) async fn delete_call(
    callstore: Data<Callstore>,
    call: CallPath,
    _: Query<NoQuery>,
    Condition(condition): Condition,
) -> Result<HttpResponse, Problem> {
    callstore.calls.delete(&call.0, condition).await?;
    Ok(HttpResponse::NoContent().finish())
}
