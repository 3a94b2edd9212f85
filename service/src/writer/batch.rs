//! A transaction shared by the writes of many requests. Rows of the fastest-growing tables are gathered in a
//! [`WriteSet`](crate::database::WriteSet) and written together at commit.
//!
//! The life of a batch: [`begin`](Batch::begin) compares the database's version with that of the cache,
//! [`lock`](Batch::lock) locks the calls where other nodes write, then each write works with it, and
//! [`commit`](Batch::commit) writes the rows. Dropping it at any point rolls back, and the state is gone with it.

mod locks;
mod notes;

use entity::{audio_chunk, call_track::Track, idempotency_key};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{
    State,
    call_cache::{CachedCall, CachedTrack, StoredTrack},
};
use crate::{
    Error,
    calls::{CallRef, CallRow, Status, find},
    chunks::ChunkRow,
    database::{Database, Storage},
};

/// An open transaction with the rows gathered for it. [`commit`](Self::commit) writes them; dropping it rolls back.
pub(crate) struct Batch {
    database: Database,
    transaction: DatabaseTransaction,
    state: State,
}

impl Batch {
    /// Begins with what the writer remembers. The cache is cleared if someone else has written since it was filled; a
    /// database without versions gives none, and the cache then lasts for one transaction.
    pub(super) async fn begin(
        database: &Database,
        transaction: DatabaseTransaction,
        mut state: State,
    ) -> Result<Self, DbErr> {
        let version = database.storage().version(&transaction).await?;
        if version.is_none() || version != state.cache.version {
            state.cache.clear();
            state.cache.version = version;
        }
        Ok(Self { database: database.clone(), transaction, state })
    }

    /// For queries, and for writes to tables whose rows are not gathered.
    ///
    /// Statements through it count as the write's own ([`Write::has_statements`](super::Write::has_statements)).
    pub(crate) fn transaction(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// What depends on the kind of database.
    pub(crate) fn storage(&self) -> &dyn Storage {
        self.database.storage()
    }

    /// Reads a call from the database.
    ///
    /// It is the row as stored: notes of writes that wait in memory are not in it; [`as_written`](Self::as_written)
    /// adds them.
    pub(crate) async fn call(&self, call: &CallRef) -> Result<CallRow, Error> {
        find(&self.transaction, call).await
    }

    /// Resolves a call's id, whatever its status.
    ///
    /// Unknown and deleted calls are `CallNotFound`. A call that is found active is cached, so that its next chunk
    /// needs no query.
    pub(crate) async fn call_id(&mut self, call: &CallRef) -> Result<Uuid, Error> {
        match self.state.cache.find(call) {
            Some(id) => Ok(id),
            None => {
                let found = self.call(call).await?;
                self.remember(&found);
                Ok(found.id)
            }
        }
    }

    /// A call that accepts chunks, else `CallEnded`.
    ///
    /// Only active calls are in the cache, which makes this the place where a chunk after the end is refused: ending a
    /// call [forgets](Self::forget) it in the same transaction.
    pub(crate) async fn active_call(&mut self, call: &CallRef) -> Result<&mut CachedCall, Error> {
        let id = self.call_id(call).await?;
        self.state.cache.get(id).ok_or(Error::CallEnded)
    }

    /// Drops the cached state of a call whose row is about to change.
    pub(crate) fn forget(&mut self, call: Uuid) {
        self.state.cache.remove(call);
    }

    /// Caches a call that may get chunks. Others are read each time: they are rare among writes.
    fn remember(&mut self, call: &CallRow) {
        if call.status == Status::Active {
            self.state.cache.insert(call);
        }
    }

    /// The end of a call's track, including gathered rows; `None` if it has no chunks.
    ///
    /// The last row has the largest sequence number, since rows of a track never overlap.
    pub(crate) async fn track(&mut self, call: Uuid, track: Track) -> Result<Option<StoredTrack>, DbErr> {
        match self.state.cache.get(call).map(|call| *call.track(track)) {
            Some(CachedTrack::Stored(end)) => return Ok(Some(end)),
            Some(CachedTrack::Empty) => return Ok(None),
            Some(CachedTrack::Unknown) | None => {}
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
        let journaled = self.journaled(call, track, 0, u32::MAX);
        let journaled = journaled.map(|row| StoredTrack::ends(row.last_sequence(), row.timestamp_ms.is_some()));
        Ok(journaled.chain(stored).max_by_key(|track| track.next))
    }

    /// Rows of a track that hold one of the chunks `from..=to` and are not in `audio_chunk` yet.
    pub(crate) fn journaled(&self, call: Uuid, track: Track, from: u32, to: u32) -> impl Iterator<Item = &ChunkRow> {
        let new = self.state.set.new.iter().chain(&self.state.set.moved).filter(move |row| {
            row.call == call && row.track == track && row.first_sequence <= to && row.last_sequence() >= from
        });
        self.state.journaled.rows(call, track, from, to).chain(new)
    }

    /// Moves all chunks of a call into `audio_chunk`, where readers find them after the commit.
    ///
    /// Called for a call that ends or whose status is read: both read `audio_chunk` and nothing else. Does nothing
    /// without a journal.
    pub(crate) fn settle(&mut self, call: Uuid) {
        let State { journaled, set, .. } = &mut self.state;
        set.moved.extend(journaled.take(call));
        set.moved.extend(set.new.extract_if(.., |row| row.call == call));
    }

    /// Drops the unsettled chunks and the cached state of a call that is being deleted.
    pub(crate) fn discard(&mut self, call: Uuid) {
        self.state.journaled.take(call);
        self.state.set.new.retain(|row| row.call != call);
        self.state.set.moved.retain(|row| row.call != call);
        self.state.cache.remove(call);
    }

    /// The writer's state, which needs no query.
    pub(crate) fn state(&mut self) -> &mut State {
        &mut self.state
    }

    /// Gathers an idempotency outcome.
    pub(crate) fn keep(&mut self, outcome: idempotency_key::ActiveModel) {
        self.state.set.outcomes.push(outcome);
    }

    /// Writes the gathered rows and commits durably. With `all`, no chunk stays in the journal.
    ///
    /// Consumes the batch. If it fails, the state is lost with it, and the writer reads it again.
    pub(super) async fn commit(mut self, all: bool) -> Result<State, DbErr> {
        let mut set = self.state.take_set(all);
        self.database.storage().commit(self.transaction, &mut set).await?;
        self.state.committed(set);
        Ok(self.state)
    }
}
