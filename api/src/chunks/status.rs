//! `getChunkStatus`.

use actix_web::{HttpResponse, get, web::Data};
use serde::Serialize;
use service::{Callstore, TrackStatus};
use utoipa::ToSchema;

use super::model::Track;
use crate::{
    extract::{CallPath, NoQuery, Query},
    problem::Problem,
};

/// The stored chunks of a call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChunkStatus {
    /// One entry for each track that has chunks.
    tracks: Vec<TrackChunks>,
}

/// The stored chunks of a track.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TrackChunks {
    /// The track.
    track: Track,
    /// Number of stored chunks.
    chunks: u64,
    /// Bytes of audio.
    bytes: u64,
    /// Seconds of audio.
    duration: f64,
    /// The largest sequence number.
    last_sequence: u32,
    /// The first 1,000 ranges of missing sequence numbers, each as first and last number.
    missing: Vec<[u32; 2]>,
    /// Number of missing sequence numbers, those of later ranges included.
    missing_total: u64,
}

impl From<TrackStatus> for TrackChunks {
    fn from(status: TrackStatus) -> Self {
        let summary = status.summary;
        Self {
            track: status.track.into(),
            chunks: summary.chunks,
            bytes: summary.bytes,
            duration: status.duration,
            last_sequence: summary.last_sequence,
            missing: summary.missing.into_iter().map(|(from, to)| [from, to]).collect(),
            missing_total: summary.missing_total,
        }
    }
}

impl ChunkStatus {
    fn sample() -> Self {
        let track = TrackChunks {
            track: Track::Inbound,
            chunks: 97,
            bytes: 15_520,
            duration: 1.94,
            last_sequence: 99,
            missing: vec![[17, 17], [40, 41]],
            missing_total: 3,
        };
        Self { tracks: vec![track] }
    }
}

/// Get the stored chunks of a call
///
/// A client that was interrupted resumes after `lastSequence`, and sends what is `missing`. After the call has ended,
/// the response shows the chunks at its end.
#[utoipa::path(
    operation_id = "getChunkStatus",
    tag = "Chunks",
    security(("apiKey" = ["ingest"]), ("apiKey" = ["read"])),
    responses(
        (status = 200, description = "The stored chunks of each track.", body = ChunkStatus, example = json!(ChunkStatus::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
    ),
)]
#[get("/calls/{call}/chunks")]
pub(crate) async fn get_chunk_status(
    callstore: Data<Callstore>,
    call: CallPath,
    _: Query<NoQuery>,
) -> Result<HttpResponse, Problem> {
    let status = callstore.chunks.status(&call.0).await?;
    Ok(HttpResponse::Ok().json(ChunkStatus { tracks: status.tracks.into_iter().map(Into::into).collect() }))
}
