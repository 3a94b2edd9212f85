//! A call's chunks from end to end, for the thread that makes the recording: straight from SQLite, a row at a time, since
//! there are hundreds of thousands of them. Memory is bounded by the largest row.

use entity::call_track::Track;
use rusqlite::{Connection, Error, OpenFlags, Row, Statement, params};
use sea_orm::ActiveEnum;
use uuid::Uuid;

use super::{BUSY_TIMEOUT, Database};

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
    pub first_sequence: u32,
    pub last_sequence: u32,
    pub timestamp_ms: Option<u32>,
    pub bytes: u64,
}

/// A query for a track's chunks.
pub(crate) struct Chunks<'reader>(Statement<'reader>);

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
    pub fn heads<E>(
        &self,
        call: Uuid,
        track: Track,
        order: ChunkOrder,
        mut each: impl FnMut(ChunkHead) -> Result<(), E>,
    ) -> Result<(), E>
    where
        E: From<Error>,
    {
        let mut statement = self.select("first_sequence, last_sequence, timestamp, octet_length(data)", order)?;
        let mut rows = statement.query(params![call.as_bytes(), track.to_value()])?;
        while let Some(row) = rows.next()? {
            each(ChunkHead {
                first_sequence: row.get(0)?,
                last_sequence: row.get(1)?,
                timestamp_ms: row.get(2)?,
                bytes: row.get::<_, u32>(3)?.into(),
            })?;
        }
        Ok(())
    }

    /// A query for a track's chunks with their audio.
    pub fn chunks(&self, order: ChunkOrder) -> Result<Chunks<'_>, Error> {
        Ok(Chunks(self.select("timestamp, data", order)?))
    }

    fn select(&self, columns: &str, order: ChunkOrder) -> Result<Statement<'_>, Error> {
        let order = match order {
            ChunkOrder::Sequence => "first_sequence",
            ChunkOrder::Timestamp => "timestamp, first_sequence",
        };
        self.0.prepare(&format!("SELECT {columns} FROM audio_chunk WHERE call_id = ?1 AND track = ?2 ORDER BY {order}"))
    }
}

impl Chunks<'_> {
    /// A track's chunks, one by one.
    pub fn of(
        &mut self,
        call: Uuid,
        track: Track,
    ) -> Result<impl Iterator<Item = Result<audio::Chunk, Error>> + '_, Error> {
        self.0.query_map(params![call.as_bytes(), track.to_value()], chunk)
    }
}

fn chunk(row: &Row<'_>) -> Result<audio::Chunk, Error> {
    Ok(audio::Chunk { timestamp_ms: row.get(0)?, bytes: row.get(1)? })
}
