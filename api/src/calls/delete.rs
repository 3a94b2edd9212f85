//! `deleteCall`.

use actix_web::{HttpResponse, delete, web::Data};
use service::Callstore;

use crate::{
    extract::{CallPath, Condition, NoQuery, Query},
    problem::Problem,
};

/// Delete a call
///
/// The call and all that belongs to it are gone for every reader when this answers; the file and the rows are removed soon
/// after. Its streamSid and callSid are free again.
#[utoipa::path(
    operation_id = "deleteCall",
    tag = "Calls",
    security(("apiKey" = ["admin"])),
    params(
        ("If-Match" = Option<String>, Header, description = "Only if it has one of these ETags; `*`: only if it is there."),
    ),
    responses(
        (status = 204, description = "The call is gone."),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
        (status = 412, description = "`precondition_failed`: it has another ETag than the conditions allow."),
    ),
)]
#[delete("/calls/{call}")]
pub async fn delete_call(
    callstore: Data<Callstore>,
    call: CallPath,
    _: Query<NoQuery>,
    Condition(condition): Condition,
) -> Result<HttpResponse, Problem> {
    callstore.delete_call(&call.0, condition).await?;
    Ok(HttpResponse::NoContent().finish())
}
