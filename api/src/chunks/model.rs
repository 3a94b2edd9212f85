//! Audio chunks on the wire.

use serde::{Deserialize, Serialize};
use service::ChunkStored;
use utoipa::ToSchema;

use crate::wire::same_variants;

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
pub(crate) struct StoredChunk {
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
    pub(crate) fn sample() -> Self {
        Self { track: Track::Inbound, sequence: 0, bytes: 160, duration: 0.02, duplicate: false }
    }

    /// The same chunk once more.
    #[must_use]
    pub(crate) fn sample_duplicate() -> Self {
        Self { duplicate: true, ..Self::sample() }
    }
}
