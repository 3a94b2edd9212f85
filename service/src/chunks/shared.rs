//! A request's or a socket's chunks, shared by the attempts to store them.
//!
//! A socket's chunks may be tried several times: while the queue is full, in halves when one is refused, and again when
//! the database fails.

use std::{
    ops::{Deref, Range},
    sync::Arc,
};

use super::NewChunk;

/// Chunks of which one attempt stores a part. Cheap to clone: the writer borrows them and copies the audio of new ones
/// into their row, so nothing is copied again for a retry.
#[derive(Clone, Debug)]
pub struct SharedChunks {
    chunks: Arc<[NewChunk]>,
    part: Range<usize>,
}

impl SharedChunks {
    /// The first and the second half of this part.
    pub(crate) fn halves(&self) -> [Self; 2] {
        let middle = self.part.start + self.part.len() / 2;
        [self.part.start..middle, middle..self.part.end].map(|part| Self { chunks: self.chunks.clone(), part })
    }

    /// The chunks from the beginning of `part`, which is one of this, to the end of this.
    pub(crate) fn rest(&self, part: &Self) -> Self {
        Self { chunks: self.chunks.clone(), part: part.part.start..self.part.end }
    }
}

impl<C: Into<Arc<[NewChunk]>>> From<C> for SharedChunks {
    fn from(chunks: C) -> Self {
        let chunks = chunks.into();
        let part = 0..chunks.len();
        Self { chunks, part }
    }
}

impl Deref for SharedChunks {
    type Target = [NewChunk];

    fn deref(&self) -> &[NewChunk] {
        self.chunks.get(self.part.clone()).unwrap_or_default()
    }
}
