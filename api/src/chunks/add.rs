//! `addAudioChunk`.

use actix_web::{
    HttpRequest, HttpResponse,
    dev::Payload,
    post,
    web::{self, Data},
};
use serde::{Deserialize, Serialize};
use service::{Callstore, NewChunk, audio, limits::CHUNK_MAX_BYTES};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::{
    media::raw_audio,
    model::{StoredChunk, Track},
};
use crate::{
    extract::{Body, CallPath, IdempotencyKey, JsonBody, Query, from_json, media_type},
    problem::Problem,
    wire::{RawBytes, number},
};

/// A chunk of a call's audio.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AddAudioChunk {
    /// 1 byte to 256 KiB of audio in base64: standard or URL-safe, with or without padding, in lines, or as a `data:`
    /// URL.
    #[schema(min_length = 2, max_length = 349_528, format = "byte")]
    pub audio: String,
    /// The chunk's track. Defaults to `inbound`.
    pub track: Option<Track>,
    /// The chunk's number on its track. Defaults to the next number.
    #[serde(default, deserialize_with = "number::sequence")]
    #[schema(minimum = 0, maximum = 2_147_483_647)]
    pub sequence: Option<u32>,
    /// The chunk's position: milliseconds since the start of the stream. Either all chunks of a track have one, or
    /// none. Up to 10 ms before or after the end of the previous chunk counts as adjacent. Further ahead, the time
    /// between becomes silence; further back, the audio that overlaps is dropped. If your timestamps are arrival times
    /// that jitter more, send `sequence` alone.
    #[serde(default, deserialize_with = "number::timestamp")]
    #[schema(minimum = 0, maximum = 43_200_000)]
    pub timestamp: Option<u32>,
}

impl JsonBody for AddAudioChunk {}

impl AddAudioChunk {
    /// 20 ms of speech in mu-law: a frame of `tests/fixtures/readme/caller.ulaw`.
    pub(crate) const FRAME: &str = "vC4oLzpNz8G+sLlwQC8zR8m8uMdcQz5Gb8rDyOxOQkVT2sjCzPlKREl5yL3A1Uk4OkTIsa2+4jcuOzxJzLeroao3Jx0nqpqZpa8yw8op\
        HxccRJyfp3gfISw6cby6tKvCTTMqMmS6tbfeRDo9T8/AwNdVPz9K6cW8wd1LPj9cxri5x0UwMTvBq6a21i8oMjI8yq6imZ8vHxUdo5KQnactvg==";

    /// The first chunk of a caller.
    #[must_use]
    pub(crate) fn sample() -> Self {
        Self { audio: Self::FRAME.to_owned(), track: Some(Track::Inbound), sequence: Some(0), timestamp: Some(0) }
    }

    /// Decodes the audio; `pointer` names its field where that fails.
    pub(crate) fn decode(self, pointer: impl FnOnce() -> String) -> Result<NewChunk, Problem> {
        let audio =
            audio::decode_any_base64(&self.audio).map_err(|error| Problem::invalid_base64(pointer(), &error))?;
        Ok(NewChunk {
            track: self.track.unwrap_or(Track::Inbound).into(),
            sequence: self.sequence,
            timestamp_ms: self.timestamp,
            audio,
            format: None,
        })
    }
}

/// Where a chunk of raw bytes belongs; with a JSON body these are fields of it.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawChunkQuery {
    /// The track of raw bytes. Defaults to `inbound`.
    track: Option<Track>,
    /// The sequence number of raw bytes. Defaults to the next number.
    #[param(minimum = 0, maximum = 2_147_483_647)]
    #[serde(default, deserialize_with = "number::sequence_parameter")]
    sequence: Option<u32>,
    /// The position of raw bytes: milliseconds since the start of the stream.
    #[param(minimum = 0, maximum = 43_200_000)]
    #[serde(default, deserialize_with = "number::timestamp_parameter")]
    timestamp: Option<u32>,
}

/// Add an audio chunk
///
/// Send JSON with base64, or raw bytes with their media type and `track`, `sequence` and `timestamp` as query
/// parameters. A 2xx response means that the chunk is on disk. Retries are safe: a repeated chunk is acknowledged and
/// stored once.
#[utoipa::path(
    operation_id = "addAudioChunk",
    tag = "Chunks",
    security(("apiKey" = ["ingest"]), ("apiKey" = ["call"])),
    params(RawChunkQuery),
    request_body(
        content(
            (AddAudioChunk = "application/json", example = json!(AddAudioChunk::sample())),
            (RawBytes = "audio/basic"),
            (RawBytes = "audio/PCMU"),
            (RawBytes = "audio/PCMA"),
            (RawBytes = "audio/L16"),
            (RawBytes = "application/octet-stream"),
        ),
        description = "The chunk. `audio/basic` and `audio/PCMU` are mu-law, `audio/PCMA` is A-law, `audio/L16;rate=N` is \
            big-endian PCM, and `application/octet-stream` the call's own format."),
    responses(
        (status = 201, description = "The chunk is stored.", body = StoredChunk, example = json!(StoredChunk::sample())),
        (status = 200, description = "An earlier request stored the chunk.", body = StoredChunk,
            example = json!(StoredChunk::sample_duplicate())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
        (status = 409, description = "`call_ended`: the call accepts no more audio. `chunk_conflict`: this sequence \
            number is stored with other bytes or another timestamp."),
        (status = 415, description = "`unsupported_media_type`: the Content-Type is none of those listed. \
            `audio_format_mismatch`: the media type does not match the call's format."),
    ),
)]
#[post("/calls/{call}/chunks")]
pub(crate) async fn add_audio_chunk(
    callstore: Data<Callstore>,
    request: HttpRequest,
    call: CallPath,
    idempotency: IdempotencyKey,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let chunk = read(&request, payload.into_inner()).await?;
    let stored = StoredChunk::from(callstore.chunks.add(&call.0, chunk, idempotency.key()).await?);
    let mut response = if stored.duplicate { HttpResponse::Ok() } else { HttpResponse::Created() };
    Ok(idempotency.answer(response.json(stored)))
}

async fn read(request: &HttpRequest, mut payload: Payload) -> Result<NewChunk, Problem> {
    let body = Body::read(request, &mut payload, AddAudioChunk::MAX_BYTES).await?;
    let kind = body.content_type();
    if kind.is_some_and(|kind| media_type(kind).0.eq_ignore_ascii_case("application/json")) {
        if !request.query_string().is_empty() {
            let detail =
                "With a JSON body, track, sequence and timestamp are fields of the body, not query parameters.";
            return Err(Problem::invalid_field("", detail));
        }
        return from_json::<AddAudioChunk>(&body.bytes)?.decode(|| "/audio".to_owned());
    }
    let raw = raw_audio(kind)?;
    let Query(query) = Query::<RawChunkQuery>::of(request)?;
    if body.bytes.is_empty() || body.bytes.len() > CHUNK_MAX_BYTES {
        let detail = format!("The body must be 1 to {CHUNK_MAX_BYTES} bytes of audio.");
        return Err(Problem::invalid_field("", detail));
    }
    let mut audio = body.bytes.to_vec();
    if raw.big_endian {
        // The service looks for containers once the bytes are swapped, when none is recognizable.
        if let Some(container) = audio::sniff::leading_container(&audio) {
            let detail = format!("This is the beginning of {container}. Decode it, and send its samples big-endian.");
            return Err(Problem::invalid_field("/audio", detail));
        }
        // An odd byte at the end stays, and is refused with the rest of its kind.
        audio.chunks_exact_mut(2).for_each(|sample| sample.swap(0, 1));
    }
    Ok(NewChunk {
        track: query.track.unwrap_or(Track::Inbound).into(),
        sequence: query.sequence,
        timestamp_ms: query.timestamp,
        audio,
        format: raw.format,
    })
}
