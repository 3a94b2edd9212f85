//! Stores the chunks of a socket: together if possible, but each accepted or refused on its own. A refused batch is
//! bisected until the refused chunks stand alone.
//!
//! Halving costs few transactions when faults are rare, as they are: one bad chunk among 64 is found in at most 13. A
//! socket that sends only bad chunks costs up to two transactions for each.

use std::time::Duration;

use super::{ChunkStored, SharedChunks, part::Chunks};
use crate::{CallRef, Error};

/// The result of storing chunks of a socket.
///
/// `chunks` and the rest in `halted` together are all that were given, in order. So a caller acknowledges by position,
/// and tries the rest again without asking what is stored.
#[derive(Debug, Default)]
pub struct Added {
    /// The chunks that were stored or refused, in order.
    pub chunks: Vec<Result<ChunkStored, Error>>,
    /// The error that stopped storing, with the chunks that were not tried.
    pub halted: Option<(Error, SharedChunks)>,
}

/// Pause between attempts while the writer's queue is full, and their number: half a minute in all.
const ROOM_PAUSE: Duration = Duration::from_millis(50);
const ROOM_TRIES: u32 = 600;

impl Chunks {
    /// Stores chunks in one transaction. If one is refused, the batch is halved and each half is tried again, so that
    /// good chunks are stored in few transactions. The order is kept. While the writer's queue is full, this waits, and
    /// the socket reads no more from its peer.
    ///
    /// Errors that concern the call or the service, and not one chunk, stop it at once: what is left is returned, and
    /// the caller decides whether to try it again.
    pub(crate) async fn add_bisecting(&self, call: &CallRef, mut chunks: SharedChunks) -> Added {
        let mut added = Added::default();
        for _ in 0..ROOM_TRIES {
            match self.add_parts(call, &chunks, &mut added.chunks).await {
                Some((Error::Overloaded, rest)) => chunks = rest,
                halted => {
                    added.halted = halted;
                    return added;
                }
            }
            tokio::time::sleep(ROOM_PAUSE).await;
        }
        added.halted = Some((Error::Overloaded, chunks));
        added
    }

    /// Returns the error that stopped it, with the chunks that are left. A stack in place of recursion keeps the order:
    /// the first half is always done before the second.
    async fn add_parts(
        &self,
        call: &CallRef,
        chunks: &SharedChunks,
        added: &mut Vec<Result<ChunkStored, Error>>,
    ) -> Option<(Error, SharedChunks)> {
        let mut parts = vec![chunks.clone()];
        while let Some(part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            match self.add_shared(call, part.clone()).await {
                Ok(stored) => added.extend(stored.into_iter().map(Ok)),
                Err(error) if !is_of_one_chunk(&error) => return Some((error, chunks.rest(&part))),
                Err(error) if part.len() == 1 => added.push(Err(error)),
                Err(_) => {
                    let [first, second] = part.halves();
                    parts.extend([second, first]);
                }
            }
        }
        None
    }
}

/// Whether an error concerns a single chunk and not its neighbours.
///
/// Every variant is named, so that whoever adds one has to decide.
fn is_of_one_chunk(error: &Error) -> bool {
    match error {
        Error::ChunkConflict { .. } | Error::FormatMismatch { .. } | Error::Invalid(_) => true,
        Error::CallNotFound
        | Error::CallEnded
        | Error::CallNotFinalized { .. }
        | Error::NotComputed { .. }
        | Error::StreamSidTaken { .. }
        | Error::ForeignStream
        | Error::CallSidTaken
        | Error::RecordingNotFound
        | Error::RecordingDamaged(_)
        | Error::RecordingMissing
        | Error::TranscriptNotFound
        | Error::EventExpired
        | Error::MetadataNotFound
        | Error::WebhookNotFound
        | Error::DeliveryNotFound
        | Error::WebhookDisabled
        | Error::TooManyWebhooks
        | Error::KeyNotFound
        | Error::AdminKeyRequired
        | Error::LastAdminKey
        | Error::KeyNotRotatable { .. }
        | Error::NotRepeatable { .. }
        | Error::CallNotAllowed { .. }
        | Error::EndedCallProtected
        | Error::ReadOnlyKey
        | Error::PreconditionFailed { .. }
        | Error::IdempotencyKeyInUse
        | Error::IdempotencyKeyReused
        | Error::CallDeleted
        | Error::CursorInvalid
        | Error::Overloaded
        | Error::StorageFull
        | Error::StorageUnavailable(_)
        | Error::StoreUnavailable(_)
        | Error::Database(_)
        | Error::Store(_)
        | Error::LinkInvalid
        | Error::LinkExpired
        | Error::Random(_)
        | Error::Damaged(_) => false,
    }
}
