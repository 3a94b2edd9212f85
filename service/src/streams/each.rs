//! Storing what a socket has gathered: each chunk for itself, though together where nothing is wrong with them.

use crate::{CallRef, Callstore, ChunkStored, Error, NewChunk};

/// What became of the chunks of a socket.
#[derive(Debug, Default)]
pub struct Added {
    /// The chunks that were stored or refused, in their order.
    pub chunks: Vec<Result<ChunkStored, Error>>,
    /// What kept the rest from being stored, and the rest.
    pub halted: Option<(Error, Vec<NewChunk>)>,
}

impl Callstore {
    /// Stores chunks in one go. Where one is refused, halves are tried, so that it keeps out no other and the good ones are
    /// stored in few transactions. Order is kept.
    pub(crate) async fn add_each(&self, call: &CallRef, chunks: Vec<NewChunk>) -> Added {
        let mut added = Added::default();
        let mut parts = vec![chunks];
        while let Some(mut part) = parts.pop() {
            let error = match part.as_slice() {
                [] => continue,
                [only] => match self.add_chunk(call, only.clone()).await {
                    Err(error) if !is_of_one_chunk(&error) => error,
                    result => {
                        added.chunks.push(result);
                        continue;
                    }
                },
                several => match self.add_chunks(call, several.to_vec()).await {
                    Ok(stored) => {
                        added.chunks.extend(stored.into_iter().map(Ok));
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
            added.halted = Some((error, rest));
            return added;
        }
        added
    }
}

/// Whether an error is the fault of a chunk and says nothing of its neighbours.
fn is_of_one_chunk(error: &Error) -> bool {
    match error {
        Error::ChunkConflict { .. } | Error::FormatMismatch { .. } | Error::Invalid(_) => true,
        Error::CallNotFound
        | Error::CallEnded
        | Error::StreamSidTaken { .. }
        | Error::CallSidTaken
        | Error::RecordingNotFound
        | Error::MetadataNotFound
        | Error::CursorInvalid
        | Error::Database(_)
        | Error::Store(_)
        | Error::Damaged(_) => false,
    }
}
