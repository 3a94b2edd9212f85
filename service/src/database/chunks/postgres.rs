//! Reads rows of chunks from PostgreSQL in pages. No query stays open while a page is processed.
//!
//! Pages are found by key, not by offset, so each costs the same. Chunks that were deleted between two pages are
//! noticed by their number; the renderer compares it with the plan.

use std::collections::VecDeque;

use audio::number::index;
use entity::call_track::Track;
use sea_orm::{ActiveEnum, ConnectionTrait, DatabaseBackend, DbErr, QueryResult, Statement, Value};
use uuid::Uuid;

use super::row::{ChunkOrder, StoredRow};
use crate::{calls::AudioFormat, chunks::RowShape, database::Connections};

/// Rows per page, with and without audio. A row of several chunks has at most 32 KiB of audio; one large chunk can have
/// 256 KiB.
const ROWS_WITH_AUDIO: u32 = 16;
const ROWS_WITHOUT: u32 = 1024;

/// Connections for a thread that blocks on their answers.
///
/// Each page takes a connection of the pool for as long as the query runs and no longer: a recording that takes a
/// minute does not keep a connection for a minute.
pub(crate) struct Reader {
    connections: Connections,
}

impl Reader {
    pub(crate) fn new(connections: Connections) -> Self {
        Self { connections }
    }

    /// A track's rows, with their audio if `audio` is set.
    pub(super) fn rows(
        &self,
        call: Uuid,
        track: Track,
        format: AudioFormat,
        order: ChunkOrder,
        audio: bool,
    ) -> impl Iterator<Item = Result<StoredRow, DbErr>> + '_ {
        Rows { reader: self, call, track, format, order, audio, page: VecDeque::new(), after: None, last: false }
    }
}

impl Reader {
    /// The next rows of a track with their audio, after a key of timestamp and first sequence number.
    pub(super) fn page(
        &self,
        call: Uuid,
        track: Track,
        format: AudioFormat,
        order: ChunkOrder,
        after: (i32, i32),
    ) -> Result<Vec<StoredRow>, DbErr> {
        let (page, after) = (VecDeque::new(), Some(after));
        let mut rows = Rows { reader: self, call, track, format, order, audio: true, page, after, last: false };
        rows.read_page()?;
        Ok(rows.page.into())
    }
}

/// A track's rows, page by page.
struct Rows<'reader> {
    reader: &'reader Reader,
    call: Uuid,
    track: Track,
    format: AudioFormat,
    order: ChunkOrder,
    audio: bool,
    page: VecDeque<StoredRow>,
    /// Key of the last row read: timestamp and first sequence number.
    after: Option<(i32, i32)>,
    /// Whether the current page is the last one.
    last: bool,
}

impl Rows<'_> {
    /// Blocks on the pool's runtime, which is not that of the calling thread.
    fn read_page(&mut self) -> Result<(), DbErr> {
        let limit = if self.audio { ROWS_WITH_AUDIO } else { ROWS_WITHOUT };
        let connections = &self.reader.connections;
        let rows = connections.runtime().block_on(connections.query_all_raw(self.select(limit)))?;
        self.last = rows.len() < index(limit);
        for row in rows {
            let row = self.read(&row)?;
            self.page.push_back(row);
        }
        Ok(())
    }

    fn select(&self, limit: u32) -> Statement {
        let audio = if self.audio { "data" } else { "octet_length(data)" };
        let (order, place) = match self.order {
            ChunkOrder::Sequence => ("first_sequence", "first_sequence > $4 AND $3::integer IS NOT NULL"),
            ChunkOrder::Timestamp => ("timestamp, first_sequence", "(timestamp, first_sequence) > ($3, $4)"),
        };
        // Before the first row. Stored values are never negative.
        let (timestamp, sequence) = self.after.unwrap_or((-1, -1));
        let values: [Value; 4] = [self.call.into(), self.track.to_value().into(), timestamp.into(), sequence.into()];
        let select = format!(
            "SELECT first_sequence, last_sequence, timestamp, {audio} FROM audio_chunk
             WHERE call_id = $1 AND track = $2 AND {place} ORDER BY {order} LIMIT {limit}"
        );
        Statement::from_sql_and_values(DatabaseBackend::Postgres, select, values)
    }

    fn read(&mut self, row: &QueryResult) -> Result<StoredRow, DbErr> {
        let (first, last): (i32, i32) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let timestamp: Option<i32> = row.try_get_by_index(2)?;
        let audio: Vec<u8> = if self.audio { row.try_get_by_index(3)? } else { Vec::new() };
        let bytes = if self.audio { audio.len() } else { index(row.try_get_by_index::<i32>(3)?.unsigned_abs()) };
        self.after = Some((timestamp.unwrap_or_default(), first));
        let timestamp = timestamp.map(i32::unsigned_abs);
        Ok(StoredRow {
            shape: RowShape::new(first.unsigned_abs(), last.unsigned_abs(), timestamp, bytes, self.format),
            audio,
        })
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<StoredRow, DbErr>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty()
            && !self.last
            && let Err(error) = self.read_page()
        {
            self.last = true;
            return Some(Err(error));
        }
        self.page.pop_front().map(Ok)
    }
}
