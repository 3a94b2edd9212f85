//! What is known of the transcripts that a request names by `external_id`: stored ones, those that wait for the same
//! commit, and earlier ones of the request itself. The same name again replaces the content, which is how an interim
//! result becomes final; the id and the time of arrival stay.

use std::collections::HashMap;

use entity::{
    outbox::Kind,
    transcript::{Column, Entity, Model},
};
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, QueryFilter};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::NewTranscript;
use crate::{
    Author, Error, Timestamp,
    core::Core,
    entries::change_entry,
    outbox::Cause,
    writer::{Batch, State},
};

/// Most names that one query looks for.
const NAMES_AT_ONCE: usize = 500;

/// What became of a transcript that was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TranscriptOutcome {
    /// It is new.
    #[default]
    Added,
    /// It replaced the content of the one with the same `external_id`.
    Replaced,
    /// The one with the same `external_id` has the same content.
    Unchanged,
}

/// A row and what became of it.
#[derive(Clone)]
pub(super) struct Stored {
    pub row: Model,
    pub outcome: TranscriptOutcome,
}

/// Where a known row is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The request itself makes it.
    Request,
    /// Another request of the same transaction has made it.
    Gathered,
    /// It is stored.
    Database,
}

struct KnownRow {
    row: Model,
    origin: Origin,
    changed: bool,
}

/// The rows of a request: those that it makes, and those that it may replace.
pub(super) struct Known {
    pub call: Uuid,
    rows: Vec<KnownRow>,
    /// Positions in `rows` by `external_id`.
    named: HashMap<String, usize>,
}

impl Known {
    /// Knows nothing, which suffices for a request that names nothing.
    pub(super) fn new(call: Uuid) -> Self {
        Self { call, rows: Vec::new(), named: HashMap::new() }
    }

    /// Looks for the transcripts that a request may replace.
    pub(super) async fn of(batch: &mut Batch, call: Uuid, new: &[NewTranscript]) -> Result<Self, Error> {
        let mut known = Self::new(call);
        let names: Vec<&str> = new.iter().filter_map(|new| new.external_id.as_deref()).collect();
        if names.is_empty() {
            return Ok(known);
        }
        for names in names.chunks(NAMES_AT_ONCE) {
            let rows = Entity::find().filter(Column::CallId.eq(call));
            let rows = rows.filter(Column::ExternalId.is_in(names.iter().copied()));
            for row in rows.all(batch.transaction()).await? {
                known.know(row, Origin::Database);
            }
        }
        let gathered =
            batch.state().transcripts().iter().filter(|row| row.call_id == call && row.external_id.is_some());
        let gathered: Vec<Model> = gathered.cloned().collect();
        for row in gathered {
            known.know(row, Origin::Gathered);
        }
        Ok(known)
    }

    fn know(&mut self, row: Model, origin: Origin) {
        if let Some(name) = &row.external_id {
            self.named.insert(name.clone(), self.rows.len());
        }
        self.rows.push(KnownRow { row, origin, changed: false });
    }

    /// Decides about the transcripts of a request, in order.
    pub(super) fn take_all(&mut self, core: &Core, author: &Author, new: &[NewTranscript]) -> Vec<Stored> {
        let now = core.now();
        // Clones, because the work is done again if the cached state turns out to be stale.
        let take = |new: &NewTranscript| {
            let row = new.clone().into_row(core.ids.next(), self.call, now, author.created_by());
            let known = row.external_id.as_ref().and_then(|name| self.named.get(name));
            let Some(known) = known.and_then(|at| self.rows.get_mut(*at)) else {
                self.know(row.clone(), Origin::Request);
                return Stored { row, outcome: TranscriptOutcome::Added };
            };
            let before = &known.row;
            let (id, created_at, updated_at) = (before.id, before.created_at, before.updated_at);
            let created_by = row.created_by.clone();
            let unchanged = Model { id, created_at, updated_at, created_by: before.created_by.clone(), ..row };
            if unchanged == *before {
                return Stored { row: unchanged, outcome: TranscriptOutcome::Unchanged };
            }
            known.row = Model { updated_at: Some(now), created_by, ..unchanged };
            known.changed = true;
            Stored { row: known.row.clone(), outcome: TranscriptOutcome::Replaced }
        };
        new.iter().map(take).collect()
    }

    /// Writes stored rows that got another content.
    pub(super) async fn write_changed(&self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        for known in self.rows.iter().filter(|known| known.changed && known.origin == Origin::Database) {
            known.row.clone().into_active_model().reset_all().update(transaction).await?;
            change_entry(transaction, &known.row).await?;
        }
        Ok(())
    }

    /// Gathers new rows, and changes rows that were gathered before, for the writer's next commit.
    pub(super) fn gather(self, state: &mut State, now: Timestamp) {
        let added = self.rows.iter().filter(|known| known.origin == Origin::Request).map(|known| &known.row);
        let causes = Cause::transcripts(Kind::TranscriptAdded, self.call, added);
        let changed = self.rows.iter().filter(|known| known.origin != Origin::Request && known.changed);
        let changes = Cause::transcripts(Kind::TranscriptUpdated, self.call, changed.map(|known| &known.row));
        causes.into_iter().chain(changes).for_each(|cause| state.tell(cause, now));
        for KnownRow { row, origin, changed } in self.rows {
            match origin {
                Origin::Request => state.add_transcript(row),
                Origin::Gathered if changed => state.replace_transcript(row),
                Origin::Gathered | Origin::Database => {}
            }
        }
    }
}
