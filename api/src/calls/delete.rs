//! `deleteCall`.

use actix_web::{HttpResponse, delete, web::Data};
use service::Callstore;

use crate::{
    extract::{CallPath, NoQuery, Query},
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
    responses(
        (status = 204, description = "The call is gone."),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
    ),
)]
#[delete("/calls/{call}")]
pub async fn delete_call(
    callstore: Data<Callstore>,
    call: CallPath,
    _: Query<NoQuery>,
) -> Result<HttpResponse, Problem> {
    callstore.delete_call(&call.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
