//! What a chunk is, before and after it is stored.

pub use entity::call_track::Track;
use serde::{Deserialize, Serialize};

use crate::calls::AudioFormat;

/// A chunk as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChunk {
    /// Whose voice it is.
    pub track: Track,
    /// Sequence number on its track; the next one by default.
    pub sequence: Option<u32>,
    /// Position, in milliseconds since the start of the stream.
    pub timestamp_ms: Option<u32>,
    /// The audio in the call's codec; PCM16 is little-endian.
    pub audio: Vec<u8>,
    /// The format that the request states, if any. It must be the call's.
    pub format: Option<AudioFormat>,
}

/// A stored chunk.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChunkStored {
    /// Whose voice it is.
    pub track: Track,
    /// Sequence number on its track.
    pub sequence: u32,
    /// Bytes of audio.
    pub bytes: usize,
    /// Seconds of audio.
    pub duration: f64,
    /// Whether it was already stored before.
    pub duplicate: bool,
}

/// A track's index in arrays of both tracks.
pub(crate) fn track_index(track: Track) -> usize {
    match track {
        Track::Inbound => 0,
        Track::Outbound => 1,
    }
}

/// A track's name in JSON, logs and metrics.
pub(crate) fn track_name(track: Track) -> &'static str {
    match track {
        Track::Inbound => "inbound",
        Track::Outbound => "outbound",
    }
}

/// The detail of the error for a chunk that begins with a container's header.
pub(super) fn not_samples(container: &str) -> String {
    let rest = if container.contains("WAV") { "; if it is in that format, send what follows its header" } else { "" };
    format!(
        "This is the beginning of {container}. A chunk is bare samples in the call's format. Decode the file and send \
         its samples{rest}."
    )
}
