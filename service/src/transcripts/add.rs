//! Stores transcripts, one request's all or none. They arrive while people speak, several a second per call, so they
//! are a [`Write`] of their own: rows and audit entries are gathered and inserted with those of other requests. Most
//! requests only add rows, which the writer's state alone decides. Transcripts that their clients named may replace
//! stored ones; `replace` looks for those.
//!
//! The audit entry comes with the request and is committed with its rows. Of all writes only this one does so: its rate
//! is that of speech, and an entry of its own would double the number of commits.

use entity::audit_entry;
use futures_util::future::BoxFuture;
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

use super::{
    NewTranscript, Transcript, Transcripts,
    kept::Answer,
    replace::{Known, Stored, TranscriptOutcome},
};
use crate::{
    Author, Error, Idempotency, NewAuditEntry,
    calls::CallRef,
    core::Core,
    writer::{Batch, Outcome, Pending, State, Write},
};

/// A stored transcript, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTranscript {
    /// The transcript as it is stored.
    pub transcript: Transcript,
    /// What became of the one that was given.
    pub outcome: TranscriptOutcome,
}

/// How many transcripts of an import were stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// New ones, and those that replaced a stored one.
    pub imported: u64,
    /// Those that were stored before with the same content.
    pub duplicates: u64,
}

impl Answer for Imported {
    type Kept = Self;

    fn kept(&self) -> Self {
        *self
    }

    fn again(kept: Self, _: &Batch) -> BoxFuture<'_, Result<Self, Error>> {
        Box::pin(async move { Ok(kept) })
    }
}

impl Transcripts {
    /// Stores transcripts, all or none, together with the request's audit `entry`. One with the `external_id` of a
    /// stored one replaces it. With `idempotency`, a retry returns the stored outcome.
    ///
    /// The answers are in the order of `new`. A name that occurs twice in one request replaces itself, and both answers
    /// show the last content.
    ///
    /// # Errors
    /// `CallNotFound`, `Invalid` for data that is too large or too deep, `IdempotencyKeyReused`, or a failing database.
    pub async fn add_batch(
        &self,
        call: &CallRef,
        new: Vec<NewTranscript>,
        author: Author,
        idempotency: Option<&Idempotency>,
        entry: NewAuditEntry,
    ) -> Result<Vec<StoredTranscript>, Error> {
        for (index, new) in new.iter().enumerate() {
            new.check(&format!("/transcripts/{index}"))?;
        }
        self.store(call, new, author, idempotency, entry).await
    }

    /// Stores one transcript.
    ///
    /// # Errors
    /// As for [`add_batch`](Self::add_batch).
    pub async fn add(
        &self,
        call: &CallRef,
        new: NewTranscript,
        author: Author,
        idempotency: Option<&Idempotency>,
        entry: NewAuditEntry,
    ) -> Result<StoredTranscript, Error> {
        new.check("")?;
        let stored = self.store(call, vec![new], author, idempotency, entry).await?;
        stored.into_iter().next().ok_or(Error::Damaged("a stored transcript without an answer"))
    }

    async fn store(
        &self,
        call: &CallRef,
        new: Vec<NewTranscript>,
        author: Author,
        idempotency: Option<&Idempotency>,
        entry: NewAuditEntry,
    ) -> Result<Vec<StoredTranscript>, Error> {
        let stored: Vec<Stored> = self.queue(call, new, author, idempotency, entry, |stored| stored).await?;
        let stored = stored.into_iter();
        Ok(stored.map(|Stored { row, outcome }| StoredTranscript { transcript: row.into(), outcome }).collect())
    }

    /// Stores what was read from a recognizer's document, which names each of its utterances.
    ///
    /// # Errors
    /// As for [`add_batch`](Self::add_batch).
    pub async fn import(
        &self,
        call: &CallRef,
        new: Vec<NewTranscript>,
        author: Author,
        idempotency: Option<&Idempotency>,
        entry: NewAuditEntry,
    ) -> Result<Imported, Error> {
        let count = |stored: Vec<Stored>| {
            stored.iter().fold(Imported::default(), |mut counts, stored| {
                match stored.outcome {
                    TranscriptOutcome::Added | TranscriptOutcome::Replaced => counts.imported += 1,
                    TranscriptOutcome::Unchanged => counts.duplicates += 1,
                }
                counts
            })
        };
        self.queue(call, new, author, idempotency, entry, count).await
    }

    async fn queue<T: Answer>(
        &self,
        call: &CallRef,
        new: Vec<NewTranscript>,
        author: Author,
        idempotency: Option<&Idempotency>,
        entry: NewAuditEntry,
        answer: fn(Vec<Stored>) -> T,
    ) -> Result<T, Error> {
        let bytes = new.iter().map(NewTranscript::bytes).sum();
        let (core, call, idempotency) = (self.core.clone(), call.clone(), idempotency.cloned());
        let write = |outcome| AddTranscripts { core, call, new, author, idempotency, entry, answer, outcome };
        self.core.queue(bytes, write).await
    }
}

/// A request's transcripts in the writer's queue.
struct AddTranscripts<T> {
    core: Core,
    call: CallRef,
    new: Vec<NewTranscript>,
    author: Author,
    idempotency: Option<Idempotency>,
    entry: NewAuditEntry,
    /// Makes the response of what was stored.
    answer: fn(Vec<Stored>) -> T,
    outcome: Outcome<T>,
}

impl<T: Answer> Write for AddTranscripts<T> {
    fn call(&self) -> Option<&CallRef> {
        Some(&self.call)
    }

    fn work_at_once(&mut self, state: &mut State) -> bool {
        if self.has_statements() {
            return false;
        }
        let Some(cached) = state.cached_call(&self.call) else { return false };
        if !cached.note_may_wait(false, self.core.now(), self.core.policy.note_write_every_ms()) {
            return false;
        }
        let mut known = Known::new(cached.id);
        let stored = known.take_all(&self.core, &self.author, &self.new);
        self.gather(state, known);
        self.outcome.set(Ok((self.answer)(stored))).is_ok()
    }

    fn has_statements(&self) -> bool {
        self.idempotency.is_some() || self.new.iter().any(|new| new.external_id.is_some())
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

impl<T: Answer> AddTranscripts<T> {
    async fn take(&mut self, batch: &mut Batch) -> Result<T, Error> {
        if let Some(before) = batch.recall(self.idempotency.as_ref()).await? {
            batch.state().add_audit(self.entry());
            return T::again(before, batch).await;
        }
        let call = batch.call_id(&self.call).await?;
        let mut known = Known::of(batch, call, &self.new).await?;
        let stored = known.take_all(&self.core, &self.author, &self.new);
        known.write_changed(batch.transaction()).await?;
        let answer = (self.answer)(stored);
        batch.record(self.idempotency.as_ref(), Some(call), &answer.kept())?;
        self.gather(batch.state(), known);
        Ok(answer)
    }

    /// Gathers new rows and the audit entry for the writer's next commit.
    fn gather(&self, state: &mut State, known: Known) {
        let call = known.call;
        known.gather(state, self.core.now());
        state.add_audit(self.entry());
        self.core.note_write(state, call);
    }

    fn entry(&self) -> audit_entry::Model {
        self.entry.clone().into_row(self.core.ids.next(), self.core.now())
    }
}
