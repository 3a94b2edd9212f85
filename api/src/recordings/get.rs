//! `getRecording`.

use actix_web::{HttpResponse, get, web::Data};
use service::Callstore;

use super::model::Recording;
use crate::{
    extract::{IdPath, NoQuery, Query},
    problem::Problem,
};

/// Get a recording
///
/// Returns length, size, hash and gaps of a recording. `downloadRecording` returns the file.
#[utoipa::path(
    operation_id = "getRecording",
    tag = "Recordings",
    security(("apiKey" = ["read"])),
    responses(
        (status = 200, description = "The recording.", body = Recording, example = json!(Recording::sample())),
        (status = 404, description = "`recording_not_found`: no recording has this id."),
    ),
)]
#[get("/recordings/{id}")]
pub(crate) async fn get_recording(
    callstore: Data<Callstore>,
    id: IdPath,
    _: Query<NoQuery>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Recording::new(callstore.recordings.get(id.0).await?)?))
}
