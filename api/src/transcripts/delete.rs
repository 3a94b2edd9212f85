//! `deleteTranscript`.

use actix_web::{HttpResponse, delete, web::Data};
use service::Callstore;

use crate::{
    extract::{Condition, NoQuery, Query, TranscriptPath},
    problem::Problem,
};

/// Delete a transcript
///
/// Deletes one transcript and keeps the others of its call.
#[utoipa::path(
    operation_id = "deleteTranscript",
    tag = "Transcripts",
    security(("apiKey" = ["admin"])),
    params(
        ("If-Match" = Option<String>, Header, description = "Apply the change only if one of these ETags is current; `*`: only if it exists."),
    ),
    responses(
        (status = 204, description = "The transcript is deleted."),
        (status = 404, description = "`transcript_not_found`: no transcript has this id."),
        (status = 412, description = "`precondition_failed`: it has changed (ETag mismatch). Fetch it and retry."),
    ),
)]
#[delete("/transcripts/{id}")]
pub(crate) async fn delete_transcript(
    callstore: Data<Callstore>,
    id: TranscriptPath,
    _: Query<NoQuery>,
    Condition(condition): Condition,
) -> Result<HttpResponse, Problem> {
    callstore.transcripts.delete(id.0, condition).await?;
    Ok(HttpResponse::NoContent().finish())
}
