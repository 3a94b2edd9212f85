//! `addAudioChunks`.

use actix_web::{HttpResponse, post, web::Data};
use serde::{Deserialize, Serialize};
use service::Callstore;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::{add::AddAudioChunk, model::StoredChunk};
use crate::{
    extract::{CallPath, IdempotencyKey, Json, JsonBody, NoQuery, Query},
    limits::BATCH_MAX_BYTES,
    problem::Problem,
    wire::{check_batch, objects},
};

/// A batch of audio chunks.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "batch_size"))]
pub(crate) struct AddAudioChunks {
    /// 1 to 500 chunks of any track, in any order.
    #[schema(min_items = 1, max_items = 500)]
    #[serde(deserialize_with = "objects")]
    pub chunks: Vec<AddAudioChunk>,
}

fn batch_size(batch: &AddAudioChunks) -> Result<(), ValidationError> {
    check_batch("chunks", batch.chunks.len())
}

impl JsonBody for AddAudioChunks {
    const MAX_BYTES: usize = BATCH_MAX_BYTES;
}

impl AddAudioChunks {
    fn sample() -> Self {
        let next = AddAudioChunk { sequence: Some(1), timestamp: Some(20), ..AddAudioChunk::sample() };
        Self { chunks: vec![AddAudioChunk::sample(), next] }
    }
}

/// The stored chunks, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StoredChunks {
    /// The chunks.
    items: Vec<StoredChunk>,
}

impl StoredChunks {
    fn sample() -> Self {
        Self { items: vec![StoredChunk::sample(), StoredChunk { sequence: 1, ..StoredChunk::sample() }] }
    }

    fn sample_duplicates() -> Self {
        let again = |stored: StoredChunk| StoredChunk { duplicate: true, ..stored };
        Self { items: Self::sample().items.into_iter().map(again).collect() }
    }
}

/// Add a batch of audio chunks
///
/// Stores up to 500 chunks, all or none of them. A 2xx response means that all are on disk. A chunk that occurs twice
/// in the batch is a duplicate.
#[utoipa::path(
    operation_id = "addAudioChunks",
    tag = "Chunks",
    security(("apiKey" = ["ingest"]), ("apiKey" = ["call"])),
    request_body(content = AddAudioChunks, description = "The chunks.", example = json!(AddAudioChunks::sample())),
    responses(
        (status = 201, description = "All chunks are stored.", body = StoredChunks, example = json!(StoredChunks::sample())),
        (status = 200, description = "Earlier requests stored all chunks.", body = StoredChunks,
            example = json!(StoredChunks::sample_duplicates())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
        (status = 409, description = "`call_ended`: the call accepts no more audio. `chunk_conflict`: a sequence number is \
            stored, or is twice in the batch, with other bytes or another timestamp; `errors` names the chunk."),
    ),
)]
#[post("/calls/{call}/chunks/batch")]
pub(crate) async fn add_audio_chunks(
    callstore: Data<Callstore>,
    call: CallPath,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
    Json(body): Json<AddAudioChunks>,
) -> Result<HttpResponse, Problem> {
    let chunks = body.chunks.into_iter().enumerate();
    let chunks = chunks.map(|(index, chunk)| chunk.decode(|| format!("/chunks/{index}/audio")));
    let stored = callstore.chunks.add_batch(&call.0, chunks.collect::<Result<_, _>>()?, idempotency.key()).await?;
    let items: Vec<_> = stored.into_iter().map(StoredChunk::from).collect();
    let known = items.iter().all(|stored| stored.duplicate);
    let mut response = if known { HttpResponse::Ok() } else { HttpResponse::Created() };
    Ok(idempotency.answer(response.json(StoredChunks { items })))
}
