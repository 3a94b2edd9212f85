//! Audio chunks: accepted while a call is active, and kept as received until its recording is published.

mod append;
mod bisect;
mod decision;
mod model;
mod part;
mod rows;
mod shared;
mod status;

pub use bisect::Added;
pub use model::{ChunkStored, NewChunk, Track};
pub(crate) use model::{track_index, track_name};
pub use part::Chunks;
pub(crate) use rows::{ChunkRow, RowShape, gather_tracks, pack, stored_integer};
pub use shared::SharedChunks;
pub(crate) use status::Summary;
pub use status::{ChunkStatus, TrackStatus, TrackSummary};
