//! `getMetadata`.

use actix_web::{HttpResponse, get, web::Data};
use service::Callstore;

use super::Metadata;
use crate::{
    extract::{CallPath, NoQuery, Query},
    problem::Problem,
};

/// Get a call's metadata
///
/// What else is known of the call.
#[utoipa::path(
    operation_id = "getMetadata",
    tag = "Metadata",
    security(("apiKey" = ["read"])),
    responses(
        (status = 200, description = "The metadata.", body = Metadata, example = json!(Metadata::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid. `metadata_not_found`: the call has none."),
    ),
)]
#[get("/calls/{call}/metadata")]
pub async fn get_metadata(
    callstore: Data<Callstore>,
    call: CallPath,
    _: Query<NoQuery>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Metadata::from(callstore.get_metadata(&call.0).await?)))
}
