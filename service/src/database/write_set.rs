//! All rows that a transaction of the writer inserts, changes and deletes at its commit. Requests only gather them, so
//! that many requests share a statement. What else a request changes, it changes by statements of its own.
//!
//! A set is filled by [`State`](crate::writer::State), taken by the writer at a commit, and emptied by
//! [`Storage`](super::Storage). Only chunks that went into a journal are left in it afterwards.

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    audit_entry, call,
    call_track::{self, Track},
    idempotency_key, outbox, transcript,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseBackend, EntityTrait, QueryFilter, QueryTrait, Statement,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use uuid::Uuid;

use crate::{Timestamp, chunks::ChunkRow, entries::SearchEntry};

/// Rows gathered for a transaction.
///
/// Each field is one table's share. A field that is added must be written by both storages, counted in
/// [`has_only_new`](Self::has_only_new), and, if it holds something of a call, deleted with the call.
#[derive(Default)]
pub(crate) struct WriteSet {
    /// New chunks. A storage with a journal writes them there and leaves them here; another one stores and takes them.
    pub new: Vec<ChunkRow>,
    /// Id of the journal row for the new chunks.
    pub journal_id: i64,
    /// Chunks that go into `audio_chunk`: those whose turn it is to leave the journal, and all of a call that is being
    /// read or ended.
    pub moved: Vec<ChunkRow>,
    /// The last journal row whose chunks have all moved. It and all earlier ones are deleted.
    pub emptied: Option<i64>,
    pub transcripts: Vec<transcript::Model>,
    /// Outcomes of requests with an idempotency key.
    pub outcomes: Vec<idempotency_key::ActiveModel>,
    pub audit: Vec<audit_entry::Model>,
    /// Events, in order; the database numbers them.
    pub events: Vec<outbox::ActiveModel>,
    /// Numbers of chunks that were already stored, to be added to those of their track.
    pub duplicates: BTreeMap<(Uuid, Track), i64>,
    /// Calls whose row gets a new `last_write_at`, and that time.
    pub written: BTreeSet<Uuid>,
    pub written_at: Option<Timestamp>,
}

impl WriteSet {
    /// Bytes of audio in the new chunks.
    pub(crate) fn new_bytes(&self) -> usize {
        self.new.iter().map(|row| row.audio.len()).sum()
    }

    /// The index entries of the new transcripts.
    pub(crate) fn entries(&self) -> Vec<SearchEntry> {
        self.transcripts.iter().map(SearchEntry::of).collect()
    }

    /// Whether there is nothing beside new chunks.
    pub(crate) fn has_only_new(&self) -> bool {
        let Self {
            new: _,
            journal_id: _,
            moved,
            emptied,
            transcripts,
            outcomes,
            audit,
            events,
            duplicates,
            written,
            written_at: _,
        } = self;
        moved.is_empty()
            && emptied.is_none()
            && transcripts.is_empty()
            && outcomes.is_empty()
            && audit.is_empty()
            && events.is_empty()
            && duplicates.is_empty()
            && written.is_empty()
    }

    /// Takes the changes of existing rows, as statements.
    pub(crate) fn take_changes(&mut self, backend: DatabaseBackend) -> Vec<Statement> {
        let duplicates = std::mem::take(&mut self.duplicates).into_iter();
        let mut changes: Vec<_> = duplicates.map(|(track, count)| add_duplicates(track, count, backend)).collect();
        let (written, written_at) = (std::mem::take(&mut self.written), self.written_at.take());
        if !written.is_empty() {
            let change =
                call::ActiveModel { last_write_at: Set(written_at), disconnected_at: Set(None), ..Default::default() };
            let calls = call::Entity::update_many().set(change).filter(call::Column::Id.is_in(written));
            changes.push(calls.build(backend));
        }
        changes
    }
}

/// Adds to a track's number of duplicates.
fn add_duplicates((call, track): (Uuid, Track), duplicates: i64, backend: DatabaseBackend) -> Statement {
    use call_track::{ActiveModel, Column, Entity};
    let row = ActiveModel { call_id: Set(call), track: Set(track), duplicates: Set(duplicates), summary: Set(None) };
    let sum = Expr::col((Entity, Column::Duplicates)).add(duplicates);
    let add = OnConflict::columns([Column::CallId, Column::Track]).value(Column::Duplicates, sum).to_owned();
    Entity::insert(row).on_conflict(add).build(backend)
}
