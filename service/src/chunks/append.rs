//! Accepts chunks. Each is durable before it is acknowledged.

use std::sync::LazyLock;

use audio::Encoding;
use futures_util::future::BoxFuture;
use metrics::Counter;
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Track, addition::Addition, track_index, track_name};
use crate::{
    Callstore, Error, FieldError, Idempotency,
    calls::{AudioFormat, CallRef},
    limits::{CHUNK_MAX_BYTES, CHUNK_MIN_BYTES, SEQUENCE_MAX, TIMESTAMP_MAX_MS},
    writer::{Batch, LiveTrack, Outcome, Pending, State, Write},
};

/// A chunk as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChunk {
    /// Whose voice it is.
    pub track: Track,
    /// Sequence number on its track; the next one by default.
    pub sequence: Option<u32>,
    /// Position, in milliseconds since the start of the stream.
    pub timestamp_ms: Option<u32>,
    /// The audio in the call's codec; PCM16 is little-endian.
    pub audio: Vec<u8>,
    /// The format that the request states, if any. It must be the call's.
    pub format: Option<AudioFormat>,
}

/// A stored chunk.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChunkStored {
    /// Whose voice it is.
    pub track: Track,
    /// Sequence number on its track.
    pub sequence: u32,
    /// Bytes of audio.
    pub bytes: usize,
    /// Seconds of audio.
    pub duration: f64,
    /// Whether it was already stored before.
    pub duplicate: bool,
}

impl Callstore {
    /// Stores a chunk, durable when this returns. With `once`, a retry returns the stored outcome.
    ///
    /// # Errors
    /// `CallNotFound`, `CallEnded`, `FormatMismatch`, `ChunkConflict`, `Invalid`, `IdempotencyKeyReused`, or a failing
    /// database.
    pub async fn add_chunk(
        &self,
        call: &CallRef,
        chunk: NewChunk,
        once: Option<&Idempotency>,
    ) -> Result<ChunkStored, Error> {
        let stored = self.append(call, vec![chunk], once, |_, field| format!("/{field}")).await?;
        stored.into_iter().next().ok_or(Error::Damaged("a stored chunk without an answer"))
    }

    /// Stores several chunks, all or none.
    ///
    /// # Errors
    /// As for [`add_chunk`](Self::add_chunk).
    pub async fn add_chunks(
        &self,
        call: &CallRef,
        chunks: Vec<NewChunk>,
        once: Option<&Idempotency>,
    ) -> Result<Vec<ChunkStored>, Error> {
        self.append(call, chunks, once, |index, field| format!("/chunks/{index}/{field}")).await
    }

    async fn append(
        &self,
        call: &CallRef,
        chunks: Vec<NewChunk>,
        once: Option<&Idempotency>,
        pointer: fn(usize, &str) -> String,
    ) -> Result<Vec<ChunkStored>, Error> {
        check_limits(&chunks, pointer)?;
        let bytes = chunks.iter().map(|chunk| chunk.audio.len()).sum();
        let (callstore, call, key) = (self.clone(), call.clone(), once.cloned());
        let write = |outcome| AddChunks { callstore, call, chunks, once: key, pointer, outcome };
        let stored = self.queue(bytes, write).await?;
        if !once.is_some_and(Idempotency::is_replayed) {
            count(&stored);
        }
        Ok(stored)
    }
}

/// A request's chunks in the writer's queue. All are stored, or none.
struct AddChunks {
    callstore: Callstore,
    call: CallRef,
    chunks: Vec<NewChunk>,
    once: Option<Idempotency>,
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
        if self.once.is_some() {
            return false;
        }
        let Some((call, additions, stored)) = self.after_known(state) else { return false };
        additions.into_iter().flatten().for_each(|addition| addition.add_to(state));
        self.note_write(state, call);
        self.outcome.set(Ok(stored)).is_ok()
    }

    fn has_statements(&self) -> bool {
        self.once.is_some()
    }

    fn work<'a>(&'a mut self, batch: &'a mut Batch) -> BoxFuture<'a, Result<(), DbErr>> {
        Box::pin(async move {
            let stored = self.take_chunks(batch).await;
            self.outcome.set(stored)
        })
    }

    fn outcome(&mut self) -> &mut dyn Pending {
        &mut self.outcome
    }
}

/// What a request adds to each track.
type Additions = [Option<Addition>; 2];

impl AddChunks {
    /// What the request adds, decided from the cache alone. `None` if the call or a track is not cached, if a chunk
    /// does not come after all stored ones, or if the request is going to be refused.
    fn after_known(&self, state: &mut State) -> Option<(Uuid, Additions, Vec<ChunkStored>)> {
        let live = state.live_call(&self.call)?;
        let (call, format) = (live.id, live.format);
        if !live.may_tell_later(true, self.callstore.now(), self.callstore.0.policy.note_write_every_ms()) {
            return None;
        }
        check_format(&self.chunks, format, self.pointer).ok()?;
        let mut additions: Additions = [None, None];
        let mut stored = Vec::with_capacity(self.chunks.len());
        for (index, chunk) in self.chunks.iter().enumerate() {
            let known = *live.track(chunk.track);
            let addition = &mut additions[track_index(chunk.track)];
            let addition = match addition {
                Some(addition) => addition,
                None if known == LiveTrack::Unknown => return None,
                None => addition.insert(Addition::after(call, chunk.track, known)),
            };
            if !addition.comes_next(chunk) {
                return None;
            }
            // Clones, because the work is done again if the cache turns out to be stale.
            stored.push(addition.take(chunk.clone(), format, |field| (self.pointer)(index, field)).ok()?);
        }
        Some((call, additions, stored))
    }

    async fn take_chunks(&mut self, batch: &mut Batch) -> Result<Vec<ChunkStored>, Error> {
        if let Some(before) = batch.recall(self.once.as_ref()).await? {
            return Ok(before);
        }
        let live = batch.live_call(&self.call).await?;
        let (call, format) = (live.id, live.format);
        check_format(&self.chunks, format, self.pointer)?;
        let mut additions: Additions = [None, None];
        for track in [Track::Inbound, Track::Outbound] {
            if self.chunks.iter().any(|chunk| chunk.track == track) {
                let addition = Addition::load(batch, call, track, format, &self.chunks).await?;
                additions[track_index(track)] = Some(addition);
            }
        }
        let mut stored = Vec::with_capacity(self.chunks.len());
        for (index, chunk) in std::mem::take(&mut self.chunks).into_iter().enumerate() {
            let addition = additions[track_index(chunk.track)].as_mut();
            let addition = addition.ok_or(Error::Damaged("a chunk without a track"))?;
            stored.push(addition.take(chunk, format, |field| (self.pointer)(index, field))?);
        }
        // Nothing is refused from here on, as `Batch::work_apart` requires.
        for addition in additions.into_iter().flatten() {
            batch.add_duplicates(call, addition.track, addition.duplicates());
            addition.add_to(batch.state());
        }
        self.note_write(batch.state(), call);
        batch.record(self.once.as_ref(), &stored)?;
        Ok(stored)
    }

    fn note_write(&self, state: &mut State, call: Uuid) {
        state.note_write(call, true, self.callstore.now(), self.callstore.0.policy.note_write_every_ms());
    }
}

/// Counts stored chunks in the metrics.
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
            counters.bytes.increment(chunk.bytes as u64);
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

/// The detail of the error for a chunk that begins with a container's header.
pub(super) fn not_samples(container: &str) -> String {
    format!(
        "This is the beginning of {container}. A chunk is bare samples in the call's format. Decode the file and send \
         its samples; of a WAV file in the call's format, send what follows its header."
    )
}

/// What holds for a chunk of this call.
fn check_format(chunks: &[NewChunk], expected: AudioFormat, pointer: fn(usize, &str) -> String) -> Result<(), Error> {
    for (index, chunk) in chunks.iter().enumerate() {
        if let Some(given) = chunk.format.filter(|&given| given != expected) {
            return Err(Error::FormatMismatch { expected: expected.to_string(), given: given.to_string() });
        }
        if expected.encoding == Encoding::Pcm16 && !chunk.audio.len().is_multiple_of(2) {
            let detail = "Must be whole samples: the call's audio is pcm16, with 2 bytes a sample, and this is an odd number of bytes.";
            return Err(Error::invalid(pointer(index, "audio"), detail));
        }
    }
    Ok(())
}
