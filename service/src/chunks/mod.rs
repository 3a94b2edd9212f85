//! Audio chunks: accepted while a call is active, and kept as received until its recording is published.

mod append;
mod decision;
mod rows;
mod shared;
mod status;

pub use append::{ChunkStored, NewChunk};
pub use entity::call_track::Track;
pub(crate) use rows::{ChunkRow, RowShape, gather_tracks, pack, stored_integer};
pub use shared::SharedChunks;
pub(crate) use status::Summary;
pub use status::{ChunkStatus, TrackStatus, TrackSummary};

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
