//! Chunks in the journal that are not yet in `audio_chunk`. Each call has its own page in the index of that table, so
//! inserting chunks one at a time would write one page per chunk. They wait here until a track has many, and move
//! together. After a crash they are read back from the journal.
//!
//! A chunk's way through the two generations:
//!
//! ```text
//!   committed          8 MiB or 5 s             with each transaction, a little
//!  ----------> growing ------------> closed --------------------------------> audio_chunk
//! ```
//!
//! When the closed generation is empty, its rows of the journal are deleted in the transaction that moved the last
//! chunk. A crash at any point loses nothing: a chunk is in the journal until it is in `audio_chunk`, and
//! [`load`](JournaledChunks::load) drops those that are in both.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use entity::{audio_chunk, call, call_track::Track};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::{
    calls::{Status, Visible},
    chunks::ChunkRow,
    database::Database,
};

/// A generation is closed once it reaches this size or this age.
const GENERATION_BYTES: usize = 8 * 1024 * 1024;
const GENERATION_AGE: Duration = Duration::from_secs(5);
/// Minimum number of bytes moved per transaction.
const MOVED_BYTES: usize = 256 * 1024;

/// Rows per track, in order of arrival. The map is ordered by call, so that a call's tracks move together and are
/// stored together.
type Tracks = BTreeMap<(Uuid, Track), Vec<ChunkRow>>;

/// Two generations of waiting chunks: one grows, and the other, once closed, moves into `audio_chunk` piece by piece.
/// The journal rows of a closed generation are deleted when all of it has moved.
#[derive(Default)]
pub(crate) struct JournaledChunks {
    /// Chunks since the last generation was closed.
    growing: Tracks,
    /// Bytes of audio in `growing`.
    bytes: usize,
    /// When the first chunk of `growing` came; `None` while it is empty.
    since: Option<Instant>,
    /// Chunks that move, track by track.
    closed: Tracks,
    /// Id of the last journal row in the closed generation; `None` while none is closed.
    closed_id: Option<i64>,
    /// Id of the last journal row.
    last_id: i64,
}

impl JournaledChunks {
    /// Restores the chunks that were journaled but not moved. Only active calls have any, because ending a call moves
    /// its chunks in the same transaction.
    pub(super) async fn load(database: &Database, transaction: &DatabaseTransaction) -> Result<Self, DbErr> {
        let mut journaled = Self::default();
        for (id, rows) in database.storage().journaled(transaction).await? {
            journaled.last_id = id;
            rows.into_iter().for_each(|row| journaled.push(row));
        }
        let mut tracks = std::mem::take(&mut journaled.growing);
        for ((call, track), rows) in &mut tracks {
            if is_active(transaction, *call).await? {
                drop_moved(transaction, *call, *track, rows).await?;
            } else {
                rows.clear();
            }
        }
        tracks.retain(|_, rows| !rows.is_empty());
        journaled.growing = tracks;
        Ok(journaled)
    }

    /// Time is taken from the process's clock here, not the injected one: it decides only when to write, and never
    /// what.
    fn push(&mut self, row: ChunkRow) {
        self.bytes += row.audio.len();
        self.since.get_or_insert_with(Instant::now);
        self.growing.entry((row.call, row.track)).or_default().push(row);
    }

    /// Adds the rows that were just written to the journal under `id`.
    pub(super) fn extend(&mut self, id: i64, rows: &mut Vec<ChunkRow>) {
        self.last_id = id;
        rows.drain(..).for_each(|row| self.push(row));
    }

    /// Id of the next journal row.
    pub(super) fn next_id(&self) -> i64 {
        self.last_id + 1
    }

    /// A track's waiting rows that hold one of the chunks `from..=to`.
    pub(super) fn rows(&self, call: Uuid, track: Track, from: u32, to: u32) -> impl Iterator<Item = &ChunkRow> {
        let holds = move |row: &&ChunkRow| row.first_sequence <= to && row.last_sequence() >= from;
        let [growing, closed] = [&self.growing, &self.closed].map(|tracks| match tracks.get(&(call, track)) {
            Some(rows) => rows.as_slice(),
            None => &[],
        });
        growing.iter().chain(closed).filter(holds)
    }

    /// Removes and returns all waiting rows of a call.
    pub(super) fn take(&mut self, call: Uuid) -> Vec<ChunkRow> {
        let mut taken = Vec::new();
        for tracks in [&mut self.closed, &mut self.growing] {
            for track in [Track::Inbound, Track::Outbound] {
                taken.extend(tracks.remove(&(call, track)).unwrap_or_default());
            }
        }
        taken
    }

    /// Closes the growing generation if it is due, and takes rows from the closed one, track by track. It takes at
    /// least twice `new_bytes`, so that the backlog is bounded. The id is the last journal row that may be deleted once
    /// the returned rows are stored; `None` while the generation has rows left.
    pub(super) fn take_closed(&mut self, new_bytes: usize, all: bool) -> (Vec<ChunkRow>, Option<i64>) {
        if self.closed_id.is_none() && (all || self.is_old()) && self.since.is_some() {
            self.closed = std::mem::take(&mut self.growing);
            self.closed_id = Some(self.last_id);
            self.bytes = 0;
            self.since = None;
        }
        let Some(closed_id) = self.closed_id else { return (Vec::new(), None) };
        let bytes = Ord::max(MOVED_BYTES, 2 * new_bytes);
        let (mut taken, mut taken_bytes) = (Vec::new(), 0);
        while taken_bytes < bytes || all {
            let Some(mut first) = self.closed.first_entry() else { break };
            let rows = first.get_mut();
            let fitting = rows.iter().take_while(|row| {
                let room = taken_bytes < bytes || all;
                taken_bytes += if room { row.audio.len() } else { 0 };
                room
            });
            let fitting = fitting.count();
            taken.extend(rows.drain(..fitting));
            if rows.is_empty() {
                first.remove();
            }
        }
        if !self.closed.is_empty() {
            return (taken, None);
        }
        self.closed_id = None;
        (taken, Some(closed_id))
    }

    /// Whether the growing generation must be closed.
    fn is_old(&self) -> bool {
        self.bytes >= GENERATION_BYTES || self.since.is_some_and(|since| since.elapsed() >= GENERATION_AGE)
    }

    /// Whether no chunks wait.
    pub(super) fn is_empty(&self) -> bool {
        self.since.is_none() && self.closed_id.is_none()
    }
}

async fn is_active(connection: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    use call::{Column, Entity};
    let active = Entity::find_by_id(id).visible().filter(Column::Status.eq(Status::Active));
    Ok(active.one(connection).await?.is_some())
}

/// Drops rows that are already in `audio_chunk`. A row always moves as a whole.
async fn drop_moved(
    connection: &impl ConnectionTrait,
    call: Uuid,
    track: Track,
    rows: &mut Vec<ChunkRow>,
) -> Result<(), DbErr> {
    use audio_chunk::{Column, Entity};
    let from = rows.iter().map(|row| row.first_sequence).min().unwrap_or_default();
    let moved: Vec<(i32, i32)> = Entity::find()
        .filter(Column::CallId.eq(call))
        .filter(Column::Track.eq(track))
        .filter(Column::LastSequence.gte(from))
        .select_only()
        .columns([Column::FirstSequence, Column::LastSequence])
        .into_tuple()
        .all(connection)
        .await?;
    let moved: Vec<_> = moved.iter().map(|(first, last)| first.unsigned_abs()..=last.unsigned_abs()).collect();
    rows.retain(|row| !moved.iter().any(|range| range.contains(&row.first_sequence)));
    Ok(())
}
