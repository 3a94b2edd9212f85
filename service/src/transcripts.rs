//! Transcripts: what was said. They can be added during a call and after it has ended.
//!
//! Transcripts arrive while people speak, several a second per call, so they are a [`Write`] of their own: rows and
//! audit entries are gathered and inserted with those of other requests. An ended call accepts them too, since
//! recognizers are slower than callers.

mod model;

use entity::{
    audit_entry,
    transcript::{Column, Entity, Model},
};
use futures_util::future::BoxFuture;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect,
    sea_query::NullOrdering,
};
use uuid::Uuid;

pub use model::{ListTranscripts, NewTranscript, Transcript};

use crate::{
    Error, Idempotency, NewAuditEntry, Slice,
    calls::CallRef,
    core::Core,
    crash,
    writer::{Batch, Outcome, Pending, State, Write},
};

/// Approximate memory of a queued utterance, beside its texts.
const ROW_BYTES: usize = 256;

/// Operations on transcripts: store what was said, and list it.
///
/// Storing one writes an audit entry in the same transaction, so that no utterance is there without one.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Actor, CallRef, ListTranscripts, NewAuditEntry, NewCall, NewTranscript, Page};
///
/// let call = callstore.calls.start(NewCall::default(), None).await?.call;
/// let call = CallRef::parse(&call.stream_sid).unwrap();
/// let said = NewTranscript {
///     speaker: "caller".into(),
///     text: "A table for two.".into(),
///     confidence: None,
///     start_time: Some(0.5),
///     end_time: Some(1.4),
/// };
/// let entry = NewAuditEntry {
///     actor: Actor::Anyone,
///     key_id: None,
///     address: None,
///     forwarded_for: None,
///     operation: "addTranscript".to_owned(),
///     resource: "/calls/MZ1/transcripts".to_owned(),
///     status: 201,
///     request_id: None,
/// };
/// callstore.transcripts.add(&call, said, None, entry).await?;
///
/// let list = ListTranscripts { page: Page { limit: 50, offset: 0 }, speaker: Some("caller".into()) };
/// let page = callstore.transcripts.list(&call, &list).await?;
/// assert_eq!((page.items.len(), page.has_more), (1, false));
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Transcripts {
    core: Core,
}

impl Transcripts {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// Stores utterances, all or none, together with the request's audit `entry`. With `idempotency`, a retry returns
    /// the stored outcome.
    ///
    /// # Errors
    /// `CallNotFound`, `IdempotencyKeyReused`, or a failing database.
    pub async fn add_batch(
        &self,
        call: &CallRef,
        new: Vec<NewTranscript>,
        idempotency: Option<&Idempotency>,
        entry: NewAuditEntry,
    ) -> Result<Vec<Transcript>, Error> {
        let bytes = new.iter().map(|new| ROW_BYTES + new.speaker.expose().len() + new.text.expose().len()).sum();
        let (core, call, idempotency) = (self.core.clone(), call.clone(), idempotency.cloned());
        let write = |outcome| AddTranscripts { core, call, new, idempotency, entry, outcome };
        let stored = self.core.queue(bytes, write).await?;
        Ok(stored.into_iter().map(Into::into).collect())
    }

    /// Stores one utterance.
    ///
    /// # Errors
    /// As for [`add_batch`](Self::add_batch).
    pub async fn add(
        &self,
        call: &CallRef,
        new: NewTranscript,
        idempotency: Option<&Idempotency>,
        entry: NewAuditEntry,
    ) -> Result<Transcript, Error> {
        let stored = self.add_batch(call, vec![new], idempotency, entry).await?;
        stored.into_iter().next().ok_or(Error::Damaged("a stored transcript without an answer"))
    }

    /// A call's transcripts in order of their start times; those without one come last, in order of arrival.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn list(&self, call: &CallRef, list: &ListTranscripts) -> Result<Slice<Transcript>, Error> {
        let (snapshot, call) = self.core.snapshot_of(call).await?;
        Ok(transcripts_of(&snapshot, call.id, list).await?)
    }

    /// Passes all of a call's transcripts from the offset of `list` on to `take`, in order and as of one moment, until
    /// it returns `false`. They are read in slices of the size of the page.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn each(
        &self,
        call: &CallRef,
        mut list: ListTranscripts,
        mut take: impl FnMut(&Transcript) -> bool,
    ) -> Result<(), Error> {
        let (snapshot, call) = self.core.snapshot_of(call).await?;
        loop {
            let found = transcripts_of(&snapshot, call.id, &list).await?;
            if !found.items.iter().all(&mut take) || !found.has_more {
                return Ok(());
            }
            crash::hold("transcripts.slice").await;
            list.page.offset += list.page.limit;
        }
    }
}

/// A part of a call's transcripts, by the call's id.
pub(crate) async fn transcripts_of(
    connection: &impl ConnectionTrait,
    call: Uuid,
    list: &ListTranscripts,
) -> Result<Slice<Transcript>, DbErr> {
    let rows = select(call, list).all(connection).await?;
    Ok(Slice::cut(rows, list.page.limit))
}

/// A request's utterances in the writer's queue.
struct AddTranscripts {
    core: Core,
    call: CallRef,
    new: Vec<NewTranscript>,
    idempotency: Option<Idempotency>,
    entry: NewAuditEntry,
    outcome: Outcome<Vec<Model>>,
}

impl Write for AddTranscripts {
    fn call(&self) -> Option<&CallRef> {
        Some(&self.call)
    }

    fn work_at_once(&mut self, state: &mut State) -> bool {
        if self.idempotency.is_some() {
            return false;
        }
        let Some(cached) = state.cached_call(&self.call) else { return false };
        if !cached.note_may_wait(false, self.core.now(), self.core.policy.note_write_every_ms()) {
            return false;
        }
        let call = cached.id;
        let stored = self.add_to(state, call);
        self.outcome.set(Ok(stored)).is_ok()
    }

    fn has_statements(&self) -> bool {
        self.idempotency.is_some()
    }

    fn work<'a>(&'a mut self, batch: &'a mut Batch) -> BoxFuture<'a, Result<(), DbErr>> {
        Box::pin(async move {
            let stored = self.take(batch).await;
            self.outcome.set(stored)
        })
    }

    fn outcome(&mut self) -> &mut dyn Pending {
        &mut self.outcome
    }
}

impl AddTranscripts {
    async fn take(&mut self, batch: &mut Batch) -> Result<Vec<Model>, Error> {
        if let Some(before) = batch.recall(self.idempotency.as_ref()).await? {
            batch.state().add_audit(self.entry());
            return Ok(before);
        }
        let call = batch.call_id(&self.call).await?;
        let stored = self.add_to(batch.state(), call);
        batch.record(self.idempotency.as_ref(), &stored)?;
        Ok(stored)
    }

    /// Gathers the utterances and their audit entry for the writer's next commit.
    fn add_to(&self, state: &mut State, call_id: Uuid) -> Vec<Model> {
        let created_at = self.core.now();
        let stored = |new: NewTranscript| Model {
            id: self.core.ids.next(),
            call_id,
            speaker: new.speaker,
            text: new.text,
            confidence: new.confidence,
            start_time: new.start_time,
            end_time: new.end_time,
            created_at,
        };
        // Clones, because the work is done again if the cached state turns out to be stale.
        let stored: Vec<Model> = self.new.iter().cloned().map(stored).collect();
        state.add_transcripts(stored.iter().cloned());
        state.add_audit(self.entry());
        self.core.note_write(state, call_id);
        stored
    }

    fn entry(&self) -> audit_entry::Model {
        self.entry.clone().into_row(self.core.ids.next(), self.core.now())
    }
}

fn select(call: Uuid, list: &ListTranscripts) -> sea_orm::Select<Entity> {
    let mut rows = Entity::find().filter(Column::CallId.eq(call));
    if let Some(speaker) = &list.speaker {
        rows = rows.filter(Column::Speaker.eq(speaker.expose()));
    }
    rows.order_by_with_nulls(Column::StartTime, Order::Asc, NullOrdering::Last)
        .order_by_asc(Column::Id)
        .offset(list.page.offset)
        .limit(list.page.limit + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Page,
        plans::{database, in_index_order, plan},
    };

    #[tokio::test]
    async fn transcripts_are_read_in_the_order_of_an_index() {
        let (database, _folder) = database().await;
        for speaker in [None, Some("agent".into())] {
            let list = ListTranscripts { page: Page { limit: 50, offset: 10 }, speaker };
            let plan = plan(&database, select(Uuid::nil(), &list)).await;
            assert!(in_index_order(&plan), "{plan:#?}");
        }
    }
}
