//! `listRecordings`.

use actix_web::{HttpResponse, get, web::Data};
use serde::Serialize;
use service::Callstore;
use utoipa::ToSchema;

use super::model::Recording;
use crate::{
    extract::{CallPath, NoQuery, Query},
    problem::Problem,
};

/// A call's recordings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordingList {
    /// The recordings.
    items: Vec<Recording>,
}

impl RecordingList {
    fn sample() -> Self {
        Self { items: vec![Recording::sample()] }
    }
}

/// List a call's recordings
///
/// A completed call has one recording, or none if it had no audio.
#[utoipa::path(
    operation_id = "listRecordings",
    tag = "Recordings",
    security(("apiKey" = ["read"])),
    responses(
        (status = 200, description = "The recordings.", body = RecordingList, example = json!(RecordingList::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
    ),
)]
#[get("/calls/{call}/recordings")]
pub(crate) async fn list_recordings(
    callstore: Data<Callstore>,
    call: CallPath,
    _: Query<NoQuery>,
) -> Result<HttpResponse, Problem> {
    let recordings = callstore.recordings.list(&call.0).await?;
    let items = recordings.into_iter().map(Recording::new).collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(RecordingList { items }))
}
