//! Chunks that are in the journal and not in the rows of their calls yet. In the index of the rows each call has its own page, so
//! that every chunk of its own would cost one; here they wait until a track has many, and go together. When the process
//! dies they are read from the journal again.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use entity::{audio_chunk, call, call_track::Track, chunk_journal};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::journal;
use crate::{calls::Status, chunks::ChunkRow};

/// A generation is closed when it has so many bytes, or is so old.
const GENERATION_BYTES: usize = 8 * 1024 * 1024;
const GENERATION_AGE: Duration = Duration::from_secs(5);
/// How much is moved to the rows of calls with a transaction, at least.
const MOVED_BYTES: usize = 256 * 1024;

/// The rows of each track, as they came. In order, so that a call's tracks are moved together and lie together: they go
/// together.
type Tracks = BTreeMap<(Uuid, Track), Vec<ChunkRow>>;

/// Two generations: one that grows, and one that is being moved into rows.
#[derive(Default)]
pub(crate) struct Recent {
    growing: Tracks,
    bytes: usize,
    since: Option<Instant>,
    closed: Tracks,
    /// The last row of the journal that belongs to the closed generation.
    closed_id: Option<i64>,
    /// The last row of the journal.
    last_id: i64,
}

impl Recent {
    /// Reads what the journal holds and the rows of the calls do not. Only calls that take chunks have any: when one ends,
    /// its chunks are moved in the same transaction.
    pub async fn load(connection: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let mut recent = Self::default();
        let mut after = i64::MIN;
        loop {
            let page = chunk_journal::Entity::find()
                .filter(chunk_journal::Column::Id.gt(after))
                .order_by_asc(chunk_journal::Column::Id)
                .limit(64);
            let rows = page.all(connection).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            recent.last_id = last.id;
            for row in rows {
                let Some(chunks) = journal::decode(&row.data) else {
                    return Err(DbErr::Custom(format!("row {} of the chunk journal is damaged", row.id)));
                };
                chunks.into_iter().for_each(|row| recent.push(row));
            }
        }
        let mut tracks = std::mem::take(&mut recent.growing);
        for ((call, track), rows) in &mut tracks {
            if is_active(connection, *call).await? {
                drop_moved(connection, *call, *track, rows).await?;
            } else {
                rows.clear();
            }
        }
        tracks.retain(|_, rows| !rows.is_empty());
        recent.growing = tracks;
        Ok(recent)
    }

    fn push(&mut self, row: ChunkRow) {
        self.bytes += row.audio.len();
        self.since.get_or_insert_with(Instant::now);
        self.growing.entry((row.call, row.track)).or_default().push(row);
    }

    /// Takes what the journal has under `id` now.
    pub fn extend(&mut self, id: i64, rows: &mut Vec<ChunkRow>) {
        self.last_id = id;
        rows.drain(..).for_each(|row| self.push(row));
    }

    /// The id of the journal's next row.
    pub fn next_id(&self) -> i64 {
        self.last_id + 1
    }

    /// A track's rows that hold one of the chunks `from..=to`.
    pub fn rows(&self, call: Uuid, track: Track, from: u32, to: u32) -> impl Iterator<Item = &ChunkRow> {
        let holds = move |row: &&ChunkRow| row.first_sequence <= to && row.last_sequence() >= from;
        let [growing, closed] = [&self.growing, &self.closed].map(|tracks| match tracks.get(&(call, track)) {
            Some(rows) => rows.as_slice(),
            None => &[],
        });
        growing.iter().chain(closed).filter(holds)
    }

    /// Takes all rows of a call out.
    pub fn take(&mut self, call: Uuid) -> Vec<ChunkRow> {
        let mut taken = Vec::new();
        for tracks in [&mut self.closed, &mut self.growing] {
            for track in [Track::Inbound, Track::Outbound] {
                taken.extend(tracks.remove(&(call, track)).unwrap_or_default());
            }
        }
        taken
    }

    /// Closes the generation when it is due, and takes rows out of the closed one, track by track: twice as fast as `new_bytes`
    /// come, so that what waits is bounded. Says up to where the journal is no longer needed once they are in their rows.
    pub fn take_closed(&mut self, new_bytes: usize, all: bool) -> (Vec<ChunkRow>, Option<i64>) {
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

    /// Whether the generation that grows has to be closed.
    fn is_old(&self) -> bool {
        self.bytes >= GENERATION_BYTES || self.since.is_some_and(|since| since.elapsed() >= GENERATION_AGE)
    }

    /// Whether there is anything to be moved, now or later.
    pub fn is_empty(&self) -> bool {
        self.since.is_none() && self.closed_id.is_none()
    }
}

async fn is_active(connection: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    use call::{Column, Entity};
    let active = Entity::find_by_id(id).filter(Column::Status.eq(Status::Active)).filter(Column::DeletedAt.is_null());
    Ok(active.one(connection).await?.is_some())
}

/// Drops what is in the track's rows already; rows are moved as a whole.
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
