//! Stores the chunks of a socket: together if possible, but each accepted or refused on its own.

use std::time::Duration;

use crate::{CallRef, Callstore, ChunkStored, Error, NewChunk};

/// The result of storing chunks of a socket.
#[derive(Debug, Default)]
pub struct Added {
    /// The chunks that were stored or refused, in order.
    pub chunks: Vec<Result<ChunkStored, Error>>,
    /// The error that stopped storing, with the chunks that were not tried.
    pub halted: Option<(Error, Vec<NewChunk>)>,
}

/// Pause between attempts while the writer's queue is full, and their number: half a minute in all.
const ROOM_PAUSE: Duration = Duration::from_millis(50);
const ROOM_TRIES: u32 = 600;

impl Callstore {
    /// Stores chunks in one transaction. If one is refused, the batch is halved and each half is tried again, so that
    /// good chunks are stored in few transactions. The order is kept. While the writer's queue is full, this waits, and
    /// the socket reads no more from its peer.
    pub(crate) async fn add_each(&self, call: &CallRef, mut chunks: Vec<NewChunk>) -> Added {
        let mut added = Added::default();
        for _ in 0..ROOM_TRIES {
            added.halted = self.add_parts(call, chunks, &mut added.chunks).await;
            match added.halted.take() {
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

    async fn add_parts(
        &self,
        call: &CallRef,
        chunks: Vec<NewChunk>,
        added: &mut Vec<Result<ChunkStored, Error>>,
    ) -> Option<(Error, Vec<NewChunk>)> {
        let mut parts = vec![chunks];
        while let Some(mut part) = parts.pop() {
            let error = match part.as_slice() {
                [] => continue,
                [only] => match self.add_chunk(call, only.clone(), None).await {
                    Err(error) if !is_of_one_chunk(&error) => error,
                    result => {
                        added.push(result);
                        continue;
                    }
                },
                several => match self.add_chunks(call, several.to_vec(), None).await {
                    Ok(stored) => {
                        added.extend(stored.into_iter().map(Ok));
                        continue;
                    }
                    Err(error) if is_of_one_chunk(&error) => {
                        let second = part.split_off(part.len() / 2);
                        parts.extend([second, part]);
                        continue;
                    }
                    Err(error) => error,
                },
            };
            let rest = std::iter::once(part).chain(parts.into_iter().rev()).flatten().collect();
            return Some((error, rest));
        }
        None
    }
}

/// Whether an error concerns a single chunk and not its neighbours.
fn is_of_one_chunk(error: &Error) -> bool {
    match error {
        Error::ChunkConflict { .. } | Error::FormatMismatch { .. } | Error::Invalid(_) => true,
        Error::CallNotFound
        | Error::CallEnded
        | Error::StreamSidTaken { .. }
        | Error::CallSidTaken
        | Error::RecordingNotFound
        | Error::MetadataNotFound
        | Error::KeyNotFound
        | Error::AdminKeyRequired
        | Error::LastAdminKey
        | Error::PreconditionFailed { .. }
        | Error::IdempotencyKeyInUse
        | Error::IdempotencyKeyReused
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
