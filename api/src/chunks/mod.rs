//! Audio chunks on the wire.

pub(crate) mod add;
pub(crate) mod add_batch;
pub(crate) mod media;
mod status;

pub use add::{AddAudioChunk, RawBytes};
pub use add_batch::check_batch;

use serde::{Deserialize, Serialize};
use service::ChunkStored;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::calls::same_variants;

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(add::add_audio_chunk).service(add_batch::add_audio_chunks).service(status::get_chunk_status);
}

/// One side of a call: the caller (`inbound`) or the agent (`outbound`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Track {
    Inbound,
    Outbound,
}

same_variants!(Track, service::Track, [Inbound, Outbound]);

/// A stored chunk.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StoredChunk {
    /// The chunk's track.
    pub track: Track,
    /// The chunk's number on its track.
    pub sequence: u32,
    /// Bytes of audio.
    pub bytes: usize,
    /// Seconds of audio.
    pub duration: f64,
    /// Whether an earlier request stored the chunk.
    pub duplicate: bool,
}

impl From<ChunkStored> for StoredChunk {
    fn from(stored: ChunkStored) -> Self {
        Self {
            track: stored.track.into(),
            sequence: stored.sequence,
            bytes: stored.bytes,
            duration: stored.duration,
            duplicate: stored.duplicate,
        }
    }
}

impl StoredChunk {
    /// The first chunk of a caller.
    #[must_use]
    pub fn sample() -> Self {
        Self { track: Track::Inbound, sequence: 0, bytes: 160, duration: 0.02, duplicate: false }
    }

    /// The same chunk once more.
    #[must_use]
    pub fn sample_duplicate() -> Self {
        Self { duplicate: true, ..Self::sample() }
    }
}
