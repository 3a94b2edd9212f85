//! Reads a call's chunks from end to end, for the thread that makes the recording. There can be hundreds of thousands.
//! SQLite is read directly, row by row; PostgreSQL in small pages. Memory is bounded by the rows that overlap in time,
//! usually one.
//!
//! The finalizer asks twice: first for heads, to plan, then for chunks with their audio, to render. Both readers give
//! rows; this takes them apart. Rows of a track may overlap in time when a client sent chunks out of order, so the
//! chunks of several rows are merged like sorted lists: a row is opened as soon as its first chunk may be next, and a
//! heap holds the open ones.
//!
//! Reading in the order of the sequence is a walk along the primary key. Reading by timestamp makes the database sort,
//! and is only asked for if the plan has found that timestamps do not rise.

pub(super) mod postgres;
mod row;
pub(super) mod sqlite;

use std::{cmp::Reverse, collections::BinaryHeap};

use entity::call_track::Track;
use sea_orm::DbErr;
use uuid::Uuid;

pub(crate) use row::ChunkOrder;
pub(super) use row::StoredRow;

use audio::number::wide;

use crate::{calls::AudioFormat, chunks::RowShape};

/// A reader of chunks, for one thread.
///
/// Belongs to the thread that renders, because both kinds block. A new one is opened for each recording.
pub(crate) enum ChunkReader {
    Sqlite(sqlite::Reader),
    Postgres(postgres::Reader),
}

/// A chunk without its audio.
pub(crate) struct ChunkHead {
    pub sequence: u32,
    pub timestamp_ms: Option<u32>,
    pub bytes: u64,
}

/// A query for a track's chunks with their audio.
pub(crate) struct Chunks<'reader> {
    query: Query<'reader>,
    order: ChunkOrder,
}

enum Query<'reader> {
    Sqlite(sqlite::Query<'reader>),
    Postgres(&'reader postgres::Reader),
}

impl ChunkReader {
    /// Calls `each` for every chunk of a track, without reading audio.
    pub(crate) fn heads<E: From<DbErr>>(
        &self,
        call: Uuid,
        track: Track,
        format: AudioFormat,
        order: ChunkOrder,
        mut each: impl FnMut(ChunkHead) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut query;
        let rows: Box<dyn Iterator<Item = Result<StoredRow, DbErr>> + '_> = match self {
            Self::Sqlite(reader) => {
                query = reader.heads(order)?;
                Box::new(query.rows(call, track, format)?)
            }
            Self::Postgres(reader) => Box::new(reader.rows(call, track, format, order, false)),
        };
        for chunk in OneByOne::new(rows, order) {
            let (shape, index, _) = chunk?;
            let sequence = shape.first_sequence + index;
            let bytes = wide(shape.chunk_bytes);
            each(ChunkHead { sequence, timestamp_ms: shape.timestamp_ms(index), bytes })?;
        }
        Ok(())
    }

    /// The next rows of a track with their audio, after a key of timestamp and first sequence number; none at the end.
    pub(super) fn page(
        &self,
        call: Uuid,
        track: Track,
        format: AudioFormat,
        order: ChunkOrder,
        after: (i32, i32),
    ) -> Result<Vec<StoredRow>, DbErr> {
        match self {
            Self::Sqlite(reader) => reader.page(call, track, format, order, after),
            Self::Postgres(reader) => reader.page(call, track, format, order, after),
        }
    }

    /// A query for a track's chunks with their audio.
    pub(crate) fn chunks(&self, order: ChunkOrder) -> Result<Chunks<'_>, DbErr> {
        let query = match self {
            Self::Sqlite(reader) => Query::Sqlite(reader.chunks(order)?),
            Self::Postgres(reader) => Query::Postgres(reader),
        };
        Ok(Chunks { query, order })
    }
}

impl Chunks<'_> {
    /// A track's chunks, one by one.
    pub(crate) fn of(
        &mut self,
        call: Uuid,
        track: Track,
        format: AudioFormat,
    ) -> Result<impl Iterator<Item = Result<audio::Chunk, DbErr>> + '_, DbErr> {
        let rows: Box<dyn Iterator<Item = Result<StoredRow, DbErr>> + '_> = match &mut self.query {
            Query::Sqlite(query) => Box::new(query.rows(call, track, format)?),
            Query::Postgres(reader) => Box::new(reader.rows(call, track, format, self.order, true)),
        };
        Ok(OneByOne::new(rows, self.order).map(|chunk| {
            let (shape, index, bytes) = chunk?;
            Ok(audio::Chunk { timestamp_ms: shape.timestamp_ms(index), bytes })
        }))
    }
}

/// Splits rows into chunks, and merges the chunks of rows that overlap in time into one order.
///
/// Memory holds one row that was read ahead, and those that are open. Rows overlap only where a client sent chunks out
/// of order, so there is usually one open row of 64 chunks.
pub(super) struct OneByOne<R> {
    rows: R,
    order: ChunkOrder,
    /// The next row, read but not opened yet.
    next: Option<StoredRow>,
    begun: bool,
    open: BinaryHeap<Reverse<Open>>,
}

/// A row that is being split, ordered by the position of its next chunk.
struct Open {
    /// Timestamp, if chunks are read in that order, and sequence number.
    key: (Option<u32>, u32),
    index: u32,
    row: StoredRow,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Open {}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl<R: Iterator<Item = Result<StoredRow, DbErr>>> OneByOne<R> {
    pub(super) fn new(rows: R, order: ChunkOrder) -> Self {
        Self { rows, order, next: None, begun: false, open: BinaryHeap::new() }
    }

    fn key(&self, shape: &RowShape, index: u32) -> (Option<u32>, u32) {
        let timestamp = match self.order {
            ChunkOrder::Sequence => None,
            ChunkOrder::Timestamp => shape.timestamp_ms(index),
        };
        (timestamp, shape.first_sequence + index)
    }

    /// Opens every row whose first chunk may be the next one.
    ///
    /// Rows come in the order of their first chunks. So once a row begins after the next chunk of an open one, all
    /// further rows do as well, and reading stops there.
    fn open_rows(&mut self) -> Result<(), DbErr> {
        if !self.begun {
            self.begun = true;
            self.next = self.rows.next().transpose()?;
        }
        while let Some(row) = self.next.take() {
            let key = self.key(&row.shape, 0);
            if self.open.peek().is_some_and(|Reverse(first)| first.key < key) {
                self.next = Some(row);
                break;
            }
            self.open.push(Reverse(Open { key, index: 0, row }));
            self.next = self.rows.next().transpose()?;
        }
        Ok(())
    }
}

impl<R: Iterator<Item = Result<StoredRow, DbErr>>> Iterator for OneByOne<R> {
    /// A row's shape, the index of the chunk in it, and the chunk's audio.
    type Item = Result<(RowShape, u32, Vec<u8>), DbErr>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(error) = self.open_rows() {
            return Some(Err(error));
        }
        let Reverse(Open { index, mut row, .. }) = self.open.pop()?;
        let shape = row.shape;
        if index + 1 == shape.chunks {
            row.audio.drain(..row.audio.len().min(shape.bytes(index).start));
            return Some(Ok((shape, index, row.audio)));
        }
        let audio = row.audio.get(shape.bytes(index)).map(<[u8]>::to_vec).unwrap_or_default();
        let key = self.key(&shape, index + 1);
        self.open.push(Reverse(Open { key, index: index + 1, row }));
        Some(Ok((shape, index, audio)))
    }
}
