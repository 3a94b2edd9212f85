//! Audio chunks: accepted while a call is active, and kept as received until its recording is published.
//!
//! | file | what it does |
//! | --- | --- |
//! | `append` | checks limits, queues the write, counts it |
//! | `decision` | the rule: new, duplicate, conflict, or refused |
//! | `bisect` | the same for sockets, which must not lose good chunks beside a bad one |
//! | `rows` | packs chunks into rows, and takes rows apart again |
//! | `status` | what is stored of a call, and what is missing |
//!
//! A chunk belongs to a track and has a sequence number on it. Its timestamp, if it has one, is its place in the
//! recording; without timestamps, chunks of a track follow one another. A track has timestamps on all of its chunks or
//! on none.

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
pub(crate) use rows::{ChunkRow, ROW_MAX_CHUNKS, RowShape, gather_tracks, pack, stored_integer};
pub use shared::SharedChunks;
pub(crate) use status::Summary;
pub use status::{ChunkStatus, TrackStatus, TrackSummary};
