//! Audio chunks: taken while a call is active, kept as they came until its recording stands.

mod append;
mod status;

pub use append::{ChunkStored, NewChunk};
pub use entity::call_track::Track;
pub use status::{ChunkStatus, TrackStatus};

pub use status::TrackSummary;
/// A track's name in JSON, in logs and in metrics.
pub(crate) fn track_name(track: Track) -> &'static str {
    match track {
        Track::Inbound => "inbound",
        Track::Outbound => "outbound",
    }
}

pub(crate) use status::{Summary, audio_bytes};
