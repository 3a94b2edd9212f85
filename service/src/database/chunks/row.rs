//! A stored row of chunks, and the order of rows.

use crate::chunks::RowShape;

/// The order in which a track's chunks are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChunkOrder {
    /// By sequence number, as they are stored.
    Sequence,
    /// By timestamp, then sequence number. For tracks whose timestamps do not rise with the sequence; the database has
    /// to sort.
    Timestamp,
}

/// A stored row. Its audio is empty if only heads are read.
pub(in crate::database) struct StoredRow {
    pub shape: RowShape,
    pub audio: Vec<u8>,
}
