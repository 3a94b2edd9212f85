//! Accepts chunks. Each is durable before it is acknowledged.
//!
//! What can be checked without the call is checked before the queue, so that a request that is wrong in any case takes
//! no room in it. Everything else is decided by the writer, where nothing can change between the decision and the
//! commit.
//!
//! What becomes of a chunk, in short:
//!
//! | stored of the track | the chunk | answer |
//! | --- | --- | --- |
//! | not this number | any | stored |
//! | this number, the same bytes and time | the same | `duplicate`, nothing is written |
//! | this number, other bytes or another time | differs | `ChunkConflict` |
//!
//! All chunks of a request are decided before any is gathered, so a request with one bad chunk stores none.

use std::sync::LazyLock;

use audio::number::wide;
use futures_util::future::BoxFuture;
use metrics::Counter;
use sea_orm::DbErr;
use uuid::Uuid;

use super::{
    ChunkStored, NewChunk, SharedChunks, Track, decision::Decision, model::not_samples, part::Chunks, track_name,
};
use crate::{
    Error, FieldError, Idempotency,
    calls::CallRef,
    core::Core,
    limits::{CHUNK_MAX_BYTES, CHUNK_MIN_BYTES, SEQUENCE_MAX, TIMESTAMP_MAX_MS},
    writer::{Batch, Outcome, Pending, State, Write},
};

impl Chunks {
    /// Stores a chunk, durable when this returns. With `idempotency`, a retry returns the stored outcome.
    ///
    /// # Errors
    /// `CallNotFound`, `CallEnded`, `FormatMismatch`, `ChunkConflict`, `Invalid`, `IdempotencyKeyReused`, or a failing
    /// database.
    pub async fn add(
        &self,
        call: &CallRef,
        chunk: NewChunk,
        idempotency: Option<&Idempotency>,
    ) -> Result<ChunkStored, Error> {
        let stored = self.append(call, [chunk].into(), idempotency, of_one).await?;
        stored.into_iter().next().ok_or(Error::Damaged("a stored chunk without an answer"))
    }

    /// Stores several chunks, all or none.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
    pub async fn add_batch(
        &self,
        call: &CallRef,
        chunks: Vec<NewChunk>,
        idempotency: Option<&Idempotency>,
    ) -> Result<Vec<ChunkStored>, Error> {
        self.append(call, chunks.into(), idempotency, of_several).await
    }

    /// Stores a part of a socket's chunks, all or none.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
    pub(crate) async fn add_shared(&self, call: &CallRef, chunks: SharedChunks) -> Result<Vec<ChunkStored>, Error> {
        let pointer = if chunks.len() == 1 { of_one } else { of_several };
        self.append(call, chunks, None, pointer).await
    }

    /// `pointer` names a field of one of the chunks in an error: a request with one chunk has no array to point into.
    /// Retries that only return the first outcome are not counted again.
    async fn append(
        &self,
        call: &CallRef,
        chunks: SharedChunks,
        idempotency: Option<&Idempotency>,
        pointer: fn(usize, &str) -> String,
    ) -> Result<Vec<ChunkStored>, Error> {
        check_limits(&chunks, pointer)?;
        let bytes = chunks.iter().map(|chunk| chunk.audio.len()).sum();
        let (core, call, key) = (self.core.clone(), call.clone(), idempotency.cloned());
        let write = |outcome| AddChunks { core, call, chunks, idempotency: key, pointer, outcome };
        let stored = self.core.queue(bytes, write).await?;
        if !idempotency.is_some_and(Idempotency::is_replayed) {
            count(&stored);
        }
        Ok(stored)
    }
}

/// The JSON pointer to a field of a request's only chunk.
fn of_one(_: usize, field: &str) -> String {
    format!("/{field}")
}

/// The JSON pointer to a field of one of a request's chunks.
fn of_several(index: usize, field: &str) -> String {
    format!("/chunks/{index}/{field}")
}

/// A request's chunks in the writer's queue. All are stored, or none.
///
/// Goes one of two ways in the writer. If the call and the ends of its tracks are in memory, it is decided at once,
/// without a statement, and many such requests share a commit. Otherwise it reads what it needs in the transaction.
struct AddChunks {
    core: Core,
    call: CallRef,
    chunks: SharedChunks,
    idempotency: Option<Idempotency>,
    pointer: fn(usize, &str) -> String,
    outcome: Outcome<Vec<ChunkStored>>,
}

impl Write for AddChunks {
    fn call(&self) -> Option<&CallRef> {
        Some(&self.call)
    }

    fn adds_audio(&self) -> bool {
        true
    }

    fn work_at_once(&mut self, state: &mut State) -> bool {
        if self.idempotency.is_some() {
            return false;
        }
        let Some(cached) = state.cached_call(&self.call) else { return false };
        if !cached.note_may_wait(true, self.core.now(), self.core.policy.note_write_every_ms()) {
            return false;
        }
        let Some(mut decision) = Decision::from_memory(cached, &self.chunks) else { return false };
        // Memory may be stale, so that only the database can refuse.
        let Ok(stored) = decision.decide(self.pointer) else { return false };
        self.add(decision, state);
        self.outcome.set(Ok(stored)).is_ok()
    }

    fn has_statements(&self) -> bool {
        self.idempotency.is_some()
    }

    fn work<'a>(&'a mut self, batch: &'a mut Batch) -> BoxFuture<'a, Result<(), DbErr>> {
        Box::pin(async move {
            let stored = self.store(batch).await;
            self.outcome.set(stored)
        })
    }

    fn outcome(&mut self) -> &mut dyn Pending {
        &mut self.outcome
    }
}

impl AddChunks {
    async fn store(&self, batch: &mut Batch) -> Result<Vec<ChunkStored>, Error> {
        if let Some(before) = batch.recall(self.idempotency.as_ref()).await? {
            return Ok(before);
        }
        let mut decision = Decision::from_database(batch, &self.call, &self.chunks).await?;
        let stored = decision.decide(self.pointer)?;
        // Nothing is refused from here on, as `Batch::work_apart` requires.
        let call = self.add(decision, batch.state());
        batch.record(self.idempotency.as_ref(), Some(call), &stored)?;
        Ok(stored)
    }

    /// Gathers what was decided, and returns the call's id.
    fn add(&self, decision: Decision<'_>, state: &mut State) -> Uuid {
        let call = decision.add_to(state);
        state.note_write(call, true, self.core.now(), self.core.policy.note_write_every_ms());
        call
    }
}

/// Counts stored chunks in the metrics.
///
/// After the commit only: a counter that ran ahead of the disk would tell a monitor of audio that a crash has taken.
fn count(stored: &[ChunkStored]) {
    static COUNTERS: LazyLock<[TrackCounters; 2]> =
        LazyLock::new(|| [Track::Inbound, Track::Outbound].map(TrackCounters::of));
    let [inbound, outbound] = &*COUNTERS;
    for chunk in stored {
        let counters = if chunk.track == Track::Inbound { inbound } else { outbound };
        if chunk.duplicate {
            counters.duplicates.increment(1);
        } else {
            counters.chunks.increment(1);
            counters.bytes.increment(wide(chunk.bytes));
        }
    }
}

/// A track's counters, kept because looking them up by name costs more than counting.
struct TrackCounters {
    chunks: Counter,
    bytes: Counter,
    duplicates: Counter,
}

impl TrackCounters {
    fn of(track: Track) -> Self {
        let track = track_name(track);
        Self {
            chunks: metrics::counter!("callstore_chunks_total", "track" => track),
            bytes: metrics::counter!("callstore_chunk_bytes_total", "track" => track),
            duplicates: metrics::counter!("callstore_chunk_duplicates_total", "track" => track),
        }
    }
}

/// Checks limits that do not depend on the call.
///
/// All faults of all chunks are reported together, so that a client need not find them one by one.
fn check_limits(chunks: &[NewChunk], pointer: fn(usize, &str) -> String) -> Result<(), Error> {
    let mut errors = Vec::new();
    let mut check = |fits: bool, index: usize, field: &str, detail: &dyn Fn() -> String| {
        if !fits {
            errors.push(FieldError { pointer: pointer(index, field), detail: detail() });
        }
    };
    for (index, chunk) in chunks.iter().enumerate() {
        let allowed = CHUNK_MIN_BYTES..=CHUNK_MAX_BYTES;
        let detail = || format!("Must be {CHUNK_MIN_BYTES} to {CHUNK_MAX_BYTES} bytes of audio.");
        check(allowed.contains(&chunk.audio.len()), index, "audio", &detail);
        if let Some(container) = audio::sniff::container(&chunk.audio) {
            check(false, index, "audio", &|| not_samples(container));
        }
        let fits = chunk.sequence.is_none_or(|sequence| sequence <= SEQUENCE_MAX);
        check(fits, index, "sequence", &|| "Must be 0 to 2,147,483,647.".to_owned());
        let fits = chunk.timestamp_ms.is_none_or(|timestamp| timestamp <= TIMESTAMP_MAX_MS);
        check(fits, index, "timestamp", &|| {
            "Must be 0 to 43,200,000: milliseconds since the start of the stream.".to_owned()
        });
    }
    if errors.is_empty() { Ok(()) } else { Err(Error::Invalid(errors)) }
}
