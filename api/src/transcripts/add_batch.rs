//! `addTranscripts`.

use actix_web::{HttpResponse, http::StatusCode, post, web::Data};
use serde::{Deserialize, Serialize};
use service::Callstore;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::{
    add::{AddTranscript, status_of},
    model::Transcript,
};
use crate::{
    audit::record::Entry,
    extract::{By, CallPath, IdempotencyKey, Json, JsonBody, NoQuery, Query},
    limits::BATCH_MAX_BYTES,
    problem::Problem,
    wire::{check_batch, objects},
};

/// A batch of transcripts.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "batch_size"))]
pub(crate) struct AddTranscripts {
    /// 1 to 500 transcripts.
    #[schema(min_items = 1, max_items = 500)]
    #[serde(deserialize_with = "objects")]
    #[validate(nested)]
    pub transcripts: Vec<AddTranscript>,
}

fn batch_size(batch: &AddTranscripts) -> Result<(), ValidationError> {
    check_batch("transcripts", batch.transcripts.len())
}

impl JsonBody for AddTranscripts {
    const MAX_BYTES: usize = BATCH_MAX_BYTES;
}

impl AddTranscripts {
    fn sample() -> Self {
        Self { transcripts: vec![AddTranscript::sample()] }
    }
}

/// The stored transcripts, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StoredTranscripts {
    /// The transcripts.
    items: Vec<Transcript>,
}

impl StoredTranscripts {
    fn sample() -> Self {
        Self { items: vec![Transcript::sample()] }
    }
}

/// Add a batch of transcripts
///
/// Stores up to 500 transcripts, all or none of them. Those with the `externalId` of a stored one replace it.
#[utoipa::path(
    operation_id = "addTranscripts",
    tag = "Transcripts",
    security(("apiKey" = ["ingest"]), ("apiKey" = ["call"])),
    request_body(content = AddTranscripts, description = "The utterances.", example = json!(AddTranscripts::sample())),
    responses(
        (status = 200, description = "All transcripts replaced stored ones.", body = StoredTranscripts, example = json!(StoredTranscripts::sample())),
        (status = 201, description = "All transcripts are stored.", body = StoredTranscripts, example = json!(StoredTranscripts::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid. `transcript_not_found`: a retry whose transcript was deleted."),
    ),
)]
#[post("/calls/{call}/transcripts/batch")]
pub(crate) async fn add_transcripts(
    callstore: Data<Callstore>,
    call: CallPath,
    By(author): By,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
    entry: Entry,
    Json(body): Json<AddTranscripts>,
) -> Result<HttpResponse, Problem> {
    let new = body.transcripts.into_iter().map(Into::into).collect();
    let entry = entry.of(StatusCode::CREATED);
    let stored = callstore.transcripts.add_batch(&call.0, new, author, idempotency.key(), entry).await?;
    let mut response = HttpResponse::build(status_of(&stored));
    let items = stored.into_iter().map(|stored| stored.transcript.into()).collect();
    Ok(idempotency.answer(response.json(StoredTranscripts { items })))
}
