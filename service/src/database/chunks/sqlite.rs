//! Reads rows of chunks from SQLite.
//!
//! Past the connection pool, since that hands every row from its thread to ours. A query that is open is a snapshot:
//! what is deleted meanwhile is still read.

use std::path::Path;

use audio::number::index;
use entity::call_track::Track;
use rusqlite::{Connection, Error, OpenFlags, Row, Statement, params};
use sea_orm::{ActiveEnum, DbErr};
use uuid::Uuid;

use super::row::{ChunkOrder, StoredRow};
use crate::database::system::BUSY_TIMEOUT;
use crate::{calls::AudioFormat, chunks::RowShape};

/// Rows of a page.
const PAGE: u32 = 16;

/// A connection that belongs to one thread.
///
/// While a query is open, SQLite cannot cut the log to no length, because this still reads its moment. Recordings take
/// seconds, so the log may grow for as long.
pub(crate) struct Reader(Connection);

/// A query that can be run for one track after the other.
pub(super) struct Query<'reader> {
    statement: Statement<'reader>,
    audio: bool,
}

impl Reader {
    /// # Errors
    /// A file that cannot be opened, or a lock that is held for longer than the busy timeout.
    pub(crate) fn open(path: &Path) -> Result<Self, DbErr> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failure)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(failure)?;
        Ok(Self(connection))
    }

    /// Rows without their audio.
    pub(super) fn heads(&self, order: ChunkOrder) -> Result<Query<'_>, DbErr> {
        self.select("octet_length(data)", order).map(|statement| Query { statement, audio: false })
    }

    /// Rows with their audio.
    pub(super) fn chunks(&self, order: ChunkOrder) -> Result<Query<'_>, DbErr> {
        self.select("data", order).map(|statement| Query { statement, audio: true })
    }

    /// The next rows of a track with their audio, after a key of timestamp and first sequence number. No query stays
    /// open, so a slow reader does not keep the log of the database from being emptied.
    pub(super) fn page(
        &self,
        call: Uuid,
        track: Track,
        format: AudioFormat,
        order: ChunkOrder,
        (timestamp, sequence): (i32, i32),
    ) -> Result<Vec<StoredRow>, DbErr> {
        let (order, place) = match order {
            ChunkOrder::Sequence => ("first_sequence", "first_sequence > ?4 AND ?3 IS NOT NULL"),
            ChunkOrder::Timestamp => ("timestamp, first_sequence", "(timestamp, first_sequence) > (?3, ?4)"),
        };
        let select = format!(
            "SELECT first_sequence, last_sequence, timestamp, data FROM audio_chunk
             WHERE call_id = ?1 AND track = ?2 AND {place} ORDER BY {order} LIMIT {PAGE}"
        );
        let mut statement = self.0.prepare(&select).map_err(failure)?;
        let read = |row: &Row<'_>| {
            let audio: Vec<u8> = row.get(3)?;
            Ok(StoredRow { shape: RowShape::new(row.get(0)?, row.get(1)?, row.get(2)?, audio.len(), format), audio })
        };
        let key = params![call.as_bytes(), track.to_value(), timestamp, sequence];
        let rows = statement.query_map(key, read).map_err(failure)?;
        rows.collect::<Result<_, _>>().map_err(failure)
    }

    fn select(&self, audio: &str, order: ChunkOrder) -> Result<Statement<'_>, DbErr> {
        let order = match order {
            ChunkOrder::Sequence => "first_sequence",
            ChunkOrder::Timestamp => "timestamp, first_sequence",
        };
        let select = format!(
            "SELECT first_sequence, last_sequence, timestamp, {audio} FROM audio_chunk
             WHERE call_id = ?1 AND track = ?2 ORDER BY {order}"
        );
        self.0.prepare(&select).map_err(failure)
    }
}

impl Query<'_> {
    pub(super) fn rows(
        &mut self,
        call: Uuid,
        track: Track,
        format: AudioFormat,
    ) -> Result<impl Iterator<Item = Result<StoredRow, DbErr>> + '_, DbErr> {
        let with_audio = self.audio;
        let read = move |row: &Row<'_>| {
            let audio: Vec<u8> = if with_audio { row.get(3)? } else { Vec::new() };
            let bytes = if with_audio { audio.len() } else { index(row.get::<_, u32>(3)?) };
            let shape = RowShape::new(row.get(0)?, row.get(1)?, row.get(2)?, bytes, format);
            Ok(StoredRow { shape, audio })
        };
        let rows = self.statement.query_map(params![call.as_bytes(), track.to_value()], read).map_err(failure)?;
        Ok(rows.map(|row| row.map_err(failure)))
    }
}

fn failure(error: Error) -> DbErr {
    DbErr::Custom(format!("the chunks cannot be read: {error}"))
}
