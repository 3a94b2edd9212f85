//! The part of the call store for chunks. Its operations are in the other files of this folder.

use crate::core::Core;

/// Operations on chunks: store one, store several, and tell what is stored.
///
/// A chunk is on disk when [`add`](Self::add) returns. Chunks may come in any order, on both tracks, and again: a
/// chunk with the sequence number and the audio of a stored one is a duplicate, with other audio a conflict.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Author, CallRef, Error, NewCall, NewChunk, Track};
///
/// let call = callstore.calls.start(NewCall::default(), Author::default(), None).await?.call;
/// let call = CallRef::parse(&call.stream_sid).unwrap();
/// let chunk = |byte| NewChunk {
///     track: Track::Inbound,
///     sequence: Some(0),
///     timestamp_ms: Some(0),
///     audio: vec![byte; 160],
///     format: None,
/// };
/// let stored = callstore.chunks.add(&call, chunk(0xFF), None).await?;
/// assert_eq!((stored.duration, stored.duplicate), (0.02, false));
/// assert!(callstore.chunks.add(&call, chunk(0xFF), None).await?.duplicate);
/// let conflict = callstore.chunks.add(&call, chunk(0x7F), None).await;
/// assert!(matches!(conflict, Err(Error::ChunkConflict { .. })));
///
/// let status = callstore.chunks.status(&call).await?;
/// assert_eq!(status.tracks[0].summary.chunks, 1);
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Chunks {
    pub(super) core: Core,
}

impl Chunks {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }
}
