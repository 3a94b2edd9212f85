//! A transaction shared by the writes of many requests. Rows of the fastest-growing tables are gathered and inserted
//! together at commit; chunks go into the journal.

mod notes;
mod shared;

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
    calls::{self, CallRef, CallRow, Status},
    chunks::{ChunkRow, gather_tracks},
    crash,
    database::{Database, WriteFailure},
};

/// Row counts of an `INSERT`. Few distinct sizes keep the number of prepared statements small.
const ROWS: [usize; 5] = [256, 64, 16, 4, 1];

/// An open transaction with the rows gathered for it. [`commit`](Self::commit) writes them; dropping it rolls back.
pub(crate) struct Batch {
    database: Database,
    transaction: DatabaseTransaction,
    state: State,
    /// Chunks whose call is being read or ended. Commit inserts them into `audio_chunk`, bypassing the journal.
    settled: Vec<ChunkRow>,
    outcomes: Vec<idempotency_key::ActiveModel>,
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
        Ok(Self { database: database.clone(), transaction, state, settled: Vec::new(), outcomes: Vec::new() })
    }

    /// Runs a write in a savepoint, so that its refusal or the failure of one of its statements undoes only that write.
    /// A write must change the batch and the state only after its last statement. Errors of the disk fail the whole
    /// transaction.
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

    /// For queries, and for writes to tables whose rows are not gathered.
    pub fn transaction(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// Reads a call from the database.
    pub async fn call(&self, call: &CallRef) -> Result<CallRow, Error> {
        calls::find(&self.transaction, call).await
    }

    /// Resolves a call's id, whatever its status.
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

    /// A call that accepts chunks, else `CallEnded`.
    pub async fn live_call(&mut self, call: &CallRef) -> Result<&mut LiveCall, Error> {
        let id = self.call_id(call).await?;
        self.state.live.get(id).ok_or(Error::CallEnded)
    }

    /// Drops the cached state of a call whose row is about to change.
    pub fn forget(&mut self, call: Uuid) {
        self.state.live.remove(call);
    }

    fn remember(&mut self, call: &CallRow) {
        if call.status == Status::Active {
            self.state.live.insert(call);
        }
    }

    /// The end of a call's track, including gathered rows; `None` if it has no chunks.
    pub async fn track(&mut self, call: Uuid, track: Track) -> Result<Option<StoredTrack>, DbErr> {
        match self.state.live.get(call).map(|call| *call.track(track)) {
            Some(LiveTrack::Stored(end)) => return Ok(Some(end)),
            Some(LiveTrack::Empty) => return Ok(None),
            Some(LiveTrack::Unknown) | None => {}
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
        Ok(recent.chain(stored).max_by_key(|track| track.next))
    }

    /// Rows of a track that hold one of the chunks `from..=to` and are not in `audio_chunk` yet.
    pub fn recent(&self, call: Uuid, track: Track, from: u32, to: u32) -> impl Iterator<Item = &ChunkRow> {
        let new = self.state.new.iter().chain(&self.settled).filter(move |row| {
            row.call == call && row.track == track && row.first_sequence <= to && row.last_sequence() >= from
        });
        self.state.recent.rows(call, track, from, to).chain(new)
    }

    /// Moves all chunks of a call into `audio_chunk`, where readers find them after the commit.
    pub fn settle(&mut self, call: Uuid) {
        self.settled.extend(self.state.recent.take(call));
        self.settled.extend(self.state.new.extract_if(.., |row| row.call == call));
    }

    /// Drops the unsettled chunks and the cached state of a call that is being deleted.
    pub fn discard(&mut self, call: Uuid) {
        self.state.recent.take(call);
        self.state.new.retain(|row| row.call != call);
        self.settled.retain(|row| row.call != call);
        self.state.live.remove(call);
    }

    /// The writer's state, which needs no query.
    pub fn state(&mut self) -> &mut State {
        &mut self.state
    }

    /// Gathers an idempotency outcome.
    pub fn keep(&mut self, outcome: idempotency_key::ActiveModel) {
        self.outcomes.push(outcome);
    }

    /// Writes the gathered rows and commits durably. With `all`, the journal is empty afterwards.
    pub(super) async fn commit(mut self, all: bool) -> Result<State, DbErr> {
        if self.database.is_shared() {
            // A shared database needs no journal: its rows are not stored in key order, so another row costs no extra
            // page.
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

    /// Writes the new chunks into the journal and returns their bytes of audio.
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

    /// Inserts chunks into `audio_chunk`, as many per row as fit.
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

    /// Inserts rows, many per statement.
    async fn insert_all<A: ActiveModelTrait>(&self, mut rows: Vec<A>) -> Result<(), DbErr> {
        for size in ROWS {
            while rows.len() >= size {
                let rows = rows.drain(..size);
                A::Entity::insert_many(rows).exec_without_returning(&self.transaction).await?;
            }
        }
        Ok(())
    }

    async fn count_duplicates(&mut self) -> Result<(), DbErr> {
        use call_track::{ActiveModel, Column, Entity};
        for ((call, track), duplicates) in std::mem::take(&mut self.state.duplicates) {
            let row =
                ActiveModel { call_id: Set(call), track: Set(track), duplicates: Set(duplicates), summary: Set(None) };
            let sum = Expr::col((Entity, Column::Duplicates)).add(duplicates);
            let add = OnConflict::columns([Column::CallId, Column::Track]).value(Column::Duplicates, sum).to_owned();
            Entity::insert(row).on_conflict(add).exec_without_returning(&self.transaction).await?;
        }
        Ok(())
    }
}
