//! What the writer knows without querying the database. After a failed transaction it is dropped and read again.
//!
//! It has three parts: the cache of active calls, the chunks that wait in the journal, and the rows of the transaction
//! that is being gathered. The first two describe what is durable. The third is emptied by each commit.

use std::time::{Duration, Instant};

use entity::{audit_entry, call_track::Track, transcript};
use sea_orm::{DatabaseTransaction, DbErr};
use uuid::Uuid;

use super::{
    call_cache::{CachedCall, CachedTrack, CallCache, StoredTrack},
    journaled::JournaledChunks,
};
use crate::{
    CallRef, NewChunk, Timestamp,
    calls::AudioFormat,
    chunks::pack,
    database::{Database, WriteSet},
    outbox::Cause,
};

/// How long a note of a call's last write may wait before it goes into the call's row.
const NOTES_WAIT: Duration = Duration::from_secs(1);

/// The writer's cache, the chunks in the journal, and the rows gathered for the next transaction.
#[derive(Default)]
pub(crate) struct State {
    pub(super) cache: CallCache,
    pub(super) journaled: JournaledChunks,
    /// Rows gathered for the next transaction. Notes of calls' last writes may wait for a later one.
    pub(super) set: WriteSet,
    /// When the first of the waiting notes was added.
    written_since: Option<Instant>,
}

impl State {
    /// Reads the waiting chunks from the database; the cache of calls starts empty.
    ///
    /// Runs within the first transaction after a start or a failure, so that nobody writes in between.
    pub(super) async fn load(database: &Database, transaction: &DatabaseTransaction) -> Result<Self, DbErr> {
        Ok(Self { journaled: JournaledChunks::load(database, transaction).await?, ..Self::default() })
    }

    /// Whether nothing waits to be written.
    ///
    /// Then an idle writer may sleep until the next write.
    pub(super) fn is_settled(&self) -> bool {
        self.journaled.is_empty() && self.set.written.is_empty()
    }

    /// Whether notes of last writes are due.
    pub(super) fn has_due_notes(&self) -> bool {
        self.written_since.is_some_and(|since| since.elapsed() >= NOTES_WAIT)
    }

    /// A cached active call.
    pub(crate) fn cached_call(&mut self, call: &CallRef) -> Option<&mut CachedCall> {
        self.cache.find(call).and_then(|id| self.cache.get(id))
    }

    /// Gathers a track's new chunks, given with their sequence numbers, and updates the cached end of that track.
    ///
    /// The end is updated before the commit, so that the next write of the same transaction continues after it. If the
    /// commit fails, the state is dropped.
    pub(crate) fn add_chunks(
        &mut self,
        call: Uuid,
        track: Track,
        format: AudioFormat,
        chunks: Vec<(u32, &NewChunk)>,
        end: StoredTrack,
    ) {
        pack(call, track, format, chunks, &mut self.set.new);
        if let Some(call) = self.cache.get(call) {
            *call.track(track) = CachedTrack::Stored(end);
        }
    }

    /// Counts chunks of a track that were already stored.
    pub(crate) fn add_duplicates(&mut self, call: Uuid, track: Track, duplicates: i64) {
        if duplicates > 0 {
            *self.set.duplicates.entry((call, track)).or_default() += duplicates;
        }
    }

    /// Gathers a transcript row.
    pub(crate) fn add_transcript(&mut self, row: transcript::Model) {
        self.set.transcripts.push(row);
    }

    /// The transcript rows that are gathered for the next transaction.
    pub(crate) fn transcripts(&self) -> &[transcript::Model] {
        &self.set.transcripts
    }

    /// Puts a row in the place of the gathered one with its id.
    pub(crate) fn replace_transcript(&mut self, row: transcript::Model) {
        if let Some(gathered) = self.set.transcripts.iter_mut().find(|gathered| gathered.id == row.id) {
            *gathered = row;
        }
    }

    /// Gathers an audit entry.
    pub(crate) fn add_audit(&mut self, entry: audit_entry::Model) {
        self.set.audit.push(entry);
    }

    /// Gathers an event, which is committed with its cause.
    pub(crate) fn tell(&mut self, cause: Cause, now: Timestamp) {
        self.set.events.push(cause.into_row(now));
    }

    /// Takes the rows for a transaction of the writer, and the journaled chunks whose turn it is to move. With `all`,
    /// all chunks move.
    pub(super) fn take_set(&mut self, all: bool) -> WriteSet {
        self.written_since = None;
        let mut set = std::mem::take(&mut self.set);
        if all {
            set.moved.append(&mut set.new);
        }
        let (moved, emptied) = self.journaled.take_closed(set.new_bytes(), all);
        set.moved.extend(moved);
        (set.emptied, set.journal_id) = (emptied, self.journaled.next_id());
        set
    }

    /// Like [`take_set`](Self::take_set), for a transaction that changes no call. The notes wait.
    ///
    /// A second's notes then go into one transaction, and the usual script stays the same from one commit to the next.
    pub(super) fn take_additions(&mut self) -> WriteSet {
        let since = self.written_since;
        let mut set = self.take_set(false);
        self.set.written = std::mem::take(&mut set.written);
        (self.set.written_at, self.written_since) = (set.written_at.take(), since);
        set
    }

    /// Records that a set is durable. The new chunks that are left in it wait in the journal.
    ///
    /// Called after the commit, and never for a transaction that failed.
    pub(super) fn committed(&mut self, mut set: WriteSet) {
        if !set.new.is_empty() {
            self.journaled.extend(set.journal_id, &mut set.new);
        }
        // Keeps the capacity for the next transaction.
        self.set.new = set.new;
    }

    /// Notes a write to an active call, so that its idle timeout starts over. The row is updated at most once in
    /// `every_ms`, and always if it marks the call as disconnected.
    pub(crate) fn note_write(&mut self, call: Uuid, audio: bool, now: Timestamp, every_ms: i64) {
        let Some(cached) = self.cache.get(call) else { return };
        if !cached.is_watched(audio) {
            return;
        }
        cached.last_write_at = Some(now);
        let noted = cached.noted_at.is_some_and(|before| now.0 - before.0 < every_ms);
        if cached.disconnected_at.take().is_some() || !noted {
            cached.noted_at = Some(now);
            self.set.written.insert(call);
            self.set.written_at = Ord::max(self.set.written_at, Some(now));
            self.written_since.get_or_insert_with(Instant::now);
        }
    }
}
