//! A transaction that the writes of many requests share. Rows of the tables that grow fastest are gathered and go in one
//! statement at its end; chunks go into the journal.

mod notes;
mod shared;

use std::collections::BTreeMap;

use entity::{
    audio_chunk, call,
    call_track::{self, Track},
    chunk_journal, idempotency_key,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use uuid::Uuid;

use super::{
    State, Write,
    live::{LiveCall, LiveTrack, StoredTrack},
};
use crate::{
    Error,
    calls::{self, Call, CallRef, Status},
    chunks::{ChunkRow, gather_tracks},
    crash,
    database::{Database, WriteFailure},
};

/// How many rows a statement inserts: one of these, so that few statements have to be prepared and kept.
const ROWS: [usize; 5] = [256, 64, 16, 4, 1];

/// A transaction under way.
pub(crate) struct Batch {
    database: Database,
    transaction: DatabaseTransaction,
    state: State,
    /// Chunks of calls that are looked at, for the rows of their calls.
    settled: Vec<ChunkRow>,
    outcomes: Vec<idempotency_key::ActiveModel>,
    duplicates: BTreeMap<(Uuid, Track), i64>,
}

impl Batch {
    pub(super) async fn begin(
        database: &Database,
        transaction: DatabaseTransaction,
        mut state: State,
    ) -> Result<Self, DbErr> {
        if !database.is_shared() {
            let version = database.data_version(&transaction).await?;
            if version != state.live.version {
                state.live.clear();
                state.live.version = version;
            }
        }
        Ok(Self {
            database: database.clone(),
            transaction,
            state,
            settled: Vec::new(),
            outcomes: Vec::new(),
            duplicates: BTreeMap::new(),
        })
    }

    /// Does a write's work so that an error of one of its statements, or its refusal, undoes that work only: what the batch and
    /// the state hold is changed after a write's last statement. The disk's errors are all's.
    pub(super) async fn work_apart(&mut self, write: &mut dyn Write) -> Result<(), DbErr> {
        self.transaction.execute_unprepared("SAVEPOINT apart").await?;
        if let Err(error) = write.work(self).await {
            if !matches!(WriteFailure::of(&error), WriteFailure::Other(_)) {
                return Err(error);
            }
            write.outcome().fail(error);
        }
        if write.outcome().is_refused() {
            self.transaction.execute_unprepared("ROLLBACK TO apart").await?;
        }
        self.transaction.execute_unprepared("RELEASE apart").await?;
        Ok(())
    }

    /// For queries, and for writes to tables other than those whose rows are gathered.
    pub fn transaction(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// A call as it is stored.
    pub async fn call(&self, call: &CallRef) -> Result<Call, Error> {
        calls::find(&self.transaction, call).await
    }

    /// The id of a call, in whatever status.
    pub async fn call_id(&mut self, call: &CallRef) -> Result<Uuid, Error> {
        match self.state.live.find(call) {
            Some(id) => Ok(id),
            None => {
                let found = self.call(call).await?;
                self.remember(&found);
                Ok(found.id)
            }
        }
    }

    /// A call that takes chunks; `CallEnded` for another.
    pub async fn live_call(&mut self, call: &CallRef) -> Result<&mut LiveCall, Error> {
        let id = self.call_id(call).await?;
        self.state.live.get(id).ok_or(Error::CallEnded)
    }

    /// Forgets what was known of a call whose row changes.
    pub fn forget(&mut self, call: Uuid) {
        self.state.live.remove(call);
    }

    fn remember(&mut self, call: &Call) {
        if call.status == Status::Active {
            self.state.live.insert(call);
        }
    }

    /// What is stored of a call's track, the gathered rows included.
    pub async fn track(&mut self, call: Uuid, track: Track) -> Result<LiveTrack, DbErr> {
        let known = self.state.live.get(call).map_or(LiveTrack::Unknown, |call| *call.track(track));
        if known != LiveTrack::Unknown {
            return Ok(known);
        }
        use audio_chunk::{Column, Entity};
        let last: Option<(i32, Option<i32>)> = Entity::find()
            .filter(Column::CallId.eq(call))
            .filter(Column::Track.eq(track))
            .select_only()
            .columns([Column::LastSequence, Column::Timestamp])
            .order_by_desc(Column::FirstSequence)
            .limit(1)
            .into_tuple()
            .one(&self.transaction)
            .await?;
        let stored = last.map(|(sequence, timestamp)| StoredTrack::ends(sequence.unsigned_abs(), timestamp.is_some()));
        let recent = self.recent(call, track, 0, u32::MAX);
        let recent = recent.map(|row| StoredTrack::ends(row.last_sequence(), row.timestamp_ms.is_some()));
        let last = recent.chain(stored).max_by_key(|track| track.next);
        Ok(last.map_or(LiveTrack::Empty, LiveTrack::Stored))
    }

    /// Rows of a track that are not in the table yet and hold one of the chunks `from..=to`.
    pub fn recent(&self, call: Uuid, track: Track, from: u32, to: u32) -> impl Iterator<Item = &ChunkRow> {
        let new = self.state.new.iter().chain(&self.settled).filter(move |row| {
            row.call == call && row.track == track && row.first_sequence <= to && row.last_sequence() >= from
        });
        self.state.recent.rows(call, track, from, to).chain(new)
    }

    /// Puts all chunks of a call into its rows, where readers find them once this is committed.
    pub fn settle(&mut self, call: Uuid) {
        self.settled.extend(self.state.recent.take(call));
        self.settled.extend(self.state.new.extract_if(.., |row| row.call == call));
    }

    /// Drops what was not put into the rows of a call that is deleted, and what is known of it.
    pub fn discard(&mut self, call: Uuid) {
        self.state.recent.take(call);
        self.state.new.retain(|row| row.call != call);
        self.settled.retain(|row| row.call != call);
        self.state.live.remove(call);
    }

    /// What is known without asking the database.
    pub fn state(&mut self) -> &mut State {
        &mut self.state
    }

    /// Counts chunks of a track that came again.
    pub fn add_duplicates(&mut self, call: Uuid, track: Track, duplicates: i64) {
        if duplicates > 0 {
            *self.duplicates.entry((call, track)).or_default() += duplicates;
        }
    }

    /// Keeps an outcome.
    pub fn keep(&mut self, outcome: idempotency_key::ActiveModel) {
        self.outcomes.push(outcome);
    }

    /// Writes what was gathered, and makes everything durable. `all` leaves nothing in the journal.
    pub(super) async fn commit(mut self, all: bool) -> Result<State, DbErr> {
        if self.database.is_shared() {
            // Its rows do not lie in the order of their key, so that one more costs no page.
            self.settled.append(&mut self.state.new);
        }
        let bytes = self.journal().await?;
        let (closed, journaled) = self.state.recent.take_closed(bytes, all);
        self.settled.extend(closed);
        self.insert_settled().await?;
        if let Some(last) = journaled {
            crash::point("commit.moved");
            let done = chunk_journal::Entity::delete_many().filter(chunk_journal::Column::Id.lte(last));
            done.exec(&self.transaction).await?;
        }
        let transcripts = std::mem::take(&mut self.state.transcripts).into_iter();
        self.insert_all(transcripts.map(|row| row.into_active_model().reset_all()).collect()).await?;
        let outcomes = std::mem::take(&mut self.outcomes);
        self.insert_all(outcomes).await?;
        let audit = std::mem::take(&mut self.state.audit).into_iter();
        self.insert_all(audit.map(|entry| entry.into_active_model().reset_all()).collect()).await?;
        self.count_duplicates().await?;
        let (written, written_at) = self.state.take_written();
        if !written.is_empty() {
            let change =
                call::ActiveModel { last_write_at: Set(written_at), disconnected_at: Set(None), ..Default::default() };
            let calls = call::Entity::update_many().set(change).filter(call::Column::Id.is_in(written));
            calls.exec(&self.transaction).await?;
        }
        crash::point("commit.written");
        self.transaction.commit().await?;
        Ok(self.state)
    }

    /// Writes the new chunks into the journal, and says how many bytes of audio they are.
    async fn journal(&mut self) -> Result<usize, DbErr> {
        let bytes = self.state.new_bytes();
        if bytes > 0 {
            let (id, data) = self.state.journal();
            let row = chunk_journal::ActiveModel { id: Set(id), data: Set(data) };
            chunk_journal::Entity::insert(row).exec_without_returning(&self.transaction).await?;
            self.state = std::mem::take(&mut self.state).journaled(id);
        }
        Ok(bytes)
    }

    /// Inserts chunks into the rows of their calls, as many in a row as fit.
    async fn insert_settled(&mut self) -> Result<(), DbErr> {
        if self.settled.is_empty() {
            return Ok(());
        }
        let rows = gather_tracks(std::mem::take(&mut self.settled));
        if self.database.is_shared() {
            return self.database.insert_chunks(&self.transaction, rows).await;
        }
        self.insert_all(rows.into_iter().map(ChunkRow::into_model).collect()).await
    }

    /// Inserts rows, many with a statement.
    async fn insert_all<A: ActiveModelTrait>(&self, mut rows: Vec<A>) -> Result<(), DbErr> {
        for size in ROWS {
            while rows.len() >= size {
                let rows = rows.drain(..size);
                A::Entity::insert_many(rows).exec_without_returning(&self.transaction).await?;
            }
        }
        Ok(())
    }

    async fn count_duplicates(&self) -> Result<(), DbErr> {
        use call_track::{ActiveModel, Column, Entity};
        for (&(call, track), &duplicates) in &self.duplicates {
            let row =
                ActiveModel { call_id: Set(call), track: Set(track), duplicates: Set(duplicates), summary: Set(None) };
            let sum = Expr::col((Entity, Column::Duplicates)).add(duplicates);
            let add = OnConflict::columns([Column::CallId, Column::Track]).value(Column::Duplicates, sum).to_owned();
            Entity::insert(row).on_conflict(add).exec_without_returning(&self.transaction).await?;
        }
        Ok(())
    }
}
