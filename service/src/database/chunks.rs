//! A call's chunks from end to end, for the thread that makes the recording: straight from SQLite, a row at a time, since
//! there are hundreds of thousands of them. Memory is bounded by the rows that overlap in time, as a rule one.

use std::{cmp::Reverse, collections::BinaryHeap};

use entity::call_track::Track;
use rusqlite::{Connection, Error, OpenFlags, Row, Statement, params};
use sea_orm::ActiveEnum;
use uuid::Uuid;

use super::{BUSY_TIMEOUT, Database};
use crate::{calls::AudioFormat, chunks::RowShape};

/// The order in which a track's chunks are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChunkOrder {
    /// By sequence, which is how they are stored.
    Sequence,
    /// By timestamp and sequence: the timestamps do not rise with the sequence, so the database has to sort.
    Timestamp,
}

/// A connection for one thread that reads chunks.
pub(crate) struct ChunkReader(Connection);

/// A chunk without its audio.
pub(crate) struct ChunkHead {
    pub sequence: u32,
    pub timestamp_ms: Option<u32>,
    pub bytes: u64,
}

/// A query for a track's chunks with their audio.
pub(crate) struct Chunks<'reader> {
    statement: Statement<'reader>,
    order: ChunkOrder,
}

impl Database {
    /// Opens a connection that reads chunks. It blocks.
    pub(crate) fn chunk_reader(&self) -> Result<ChunkReader, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(ChunkReader(connection))
    }
}

impl ChunkReader {
    /// Passes over a track's chunks, not their audio.
    pub fn heads<E: From<Error>>(
        &self,
        call: Uuid,
        track: Track,
        format: AudioFormat,
        order: ChunkOrder,
        mut each: impl FnMut(ChunkHead) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self.select("octet_length(data)", order)?;
        let rows = statement.query_map(params![call.as_bytes(), track.to_value()], |row| {
            Ok(StoredRow { shape: shape(row, row.get::<_, u32>(3)? as usize, format)?, audio: Vec::new() })
        })?;
        for chunk in OneByOne::new(rows, order) {
            let (shape, index, _) = chunk?;
            let sequence = shape.first_sequence + index;
            let bytes = shape.chunk_bytes as u64;
            each(ChunkHead { sequence, timestamp_ms: shape.timestamp_ms(index), bytes })?;
        }
        Ok(())
    }

    /// A query for a track's chunks with their audio.
    pub fn chunks(&self, order: ChunkOrder) -> Result<Chunks<'_>, Error> {
        Ok(Chunks { statement: self.select("data", order)?, order })
    }

    fn select(&self, audio: &str, order: ChunkOrder) -> Result<Statement<'_>, Error> {
        let order = match order {
            ChunkOrder::Sequence => "first_sequence",
            ChunkOrder::Timestamp => "timestamp, first_sequence",
        };
        self.0.prepare(&format!(
            "SELECT first_sequence, last_sequence, timestamp, {audio} FROM audio_chunk
             WHERE call_id = ?1 AND track = ?2 ORDER BY {order}"
        ))
    }
}

impl Chunks<'_> {
    /// A track's chunks, one by one.
    pub fn of(
        &mut self,
        call: Uuid,
        track: Track,
        format: AudioFormat,
    ) -> Result<impl Iterator<Item = Result<audio::Chunk, Error>> + '_, Error> {
        let rows = self.statement.query_map(params![call.as_bytes(), track.to_value()], move |row| {
            let audio: Vec<u8> = row.get(3)?;
            Ok(StoredRow { shape: shape(row, audio.len(), format)?, audio })
        })?;
        Ok(OneByOne::new(rows, self.order).map(|chunk| {
            let (shape, index, bytes) = chunk?;
            Ok(audio::Chunk { timestamp_ms: shape.timestamp_ms(index), bytes })
        }))
    }
}

fn shape(row: &Row<'_>, bytes: usize, format: AudioFormat) -> Result<RowShape, Error> {
    Ok(RowShape::new(row.get(0)?, row.get(1)?, row.get(2)?, bytes, format))
}

/// A row as it is stored, with its audio where that is wanted.
struct StoredRow {
    shape: RowShape,
    audio: Vec<u8>,
}

/// Takes rows apart into chunks, and puts those of rows that overlap in time into one order.
struct OneByOne<R> {
    rows: R,
    order: ChunkOrder,
    /// The row that comes next.
    next: Option<StoredRow>,
    begun: bool,
    open: BinaryHeap<Reverse<Open>>,
}

/// A row that is being taken apart; sorted by where its next chunk stands.
struct Open {
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

impl<R: Iterator<Item = Result<StoredRow, Error>>> OneByOne<R> {
    fn new(rows: R, order: ChunkOrder) -> Self {
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
    fn open_rows(&mut self) -> Result<(), Error> {
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

impl<R: Iterator<Item = Result<StoredRow, Error>>> Iterator for OneByOne<R> {
    /// A row's shape, which of its chunks it is, and the chunk's audio.
    type Item = Result<(RowShape, u32, Vec<u8>), Error>;

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
