//! What the writer knows without querying the database. After a failed transaction it is dropped and read again.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use entity::{audit_entry, call_track::Track, transcript};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::{
    journal,
    live::{LiveCall, LiveCalls, LiveTrack, StoredTrack},
    recent::Recent,
};
use crate::{
    CallRef, NewChunk, Timestamp,
    calls::AudioFormat,
    chunks::{ChunkRow, gather_tracks, pack},
    database::Additions,
};

/// How long a note of a call's last write may wait before it goes into the call's row.
const NOTES_WAIT: Duration = Duration::from_secs(1);

/// The writer's cache, its journaled chunks, and the rows gathered for the next transaction.
#[derive(Default)]
pub(crate) struct State {
    pub(super) live: LiveCalls,
    pub(super) recent: Recent,
    /// New chunks, not in the journal yet.
    pub(super) new: Vec<ChunkRow>,
    /// New transcript rows and audit entries.
    pub(super) transcripts: Vec<transcript::Model>,
    pub(super) audit: Vec<audit_entry::Model>,
    /// Numbers of chunks that were already stored.
    pub(super) duplicates: BTreeMap<(Uuid, Track), i64>,
    /// Calls whose rows do not have their new `last_write_at` yet.
    pub(super) written: BTreeSet<Uuid>,
    pub(super) written_at: Option<Timestamp>,
    /// When the first of these calls was added.
    written_since: Option<Instant>,
}

impl State {
    /// Reads the waiting chunks from the database; the cache of calls starts empty.
    pub(super) async fn load(connection: &impl ConnectionTrait) -> Result<Self, DbErr> {
        Ok(Self { recent: Recent::load(connection).await?, ..Self::default() })
    }

    /// Whether nothing waits to be written.
    pub(super) fn is_settled(&self) -> bool {
        self.recent.is_empty() && self.written.is_empty()
    }

    /// Whether notes of last writes are due.
    pub(super) fn has_due_notes(&self) -> bool {
        self.written_since.is_some_and(|since| since.elapsed() >= NOTES_WAIT)
    }

    /// A cached active call.
    pub fn live_call(&mut self, call: &CallRef) -> Option<&mut LiveCall> {
        self.live.find(call).and_then(|id| self.live.get(id))
    }

    /// Gathers a track's new chunks, given with their sequence numbers, and updates the cached end of that track.
    pub fn add_chunks(
        &mut self,
        call: Uuid,
        track: Track,
        format: AudioFormat,
        chunks: Vec<(u32, &NewChunk)>,
        end: StoredTrack,
    ) {
        pack(call, track, format, chunks, &mut self.new);
        if let Some(call) = self.live.get(call) {
            *call.track(track) = LiveTrack::Stored(end);
        }
    }

    /// Counts chunks of a track that were already stored.
    pub fn add_duplicates(&mut self, call: Uuid, track: Track, duplicates: i64) {
        if duplicates > 0 {
            *self.duplicates.entry((call, track)).or_default() += duplicates;
        }
    }

    /// Gathers transcript rows.
    pub fn add_transcripts(&mut self, rows: impl IntoIterator<Item = transcript::Model>) {
        self.transcripts.extend(rows);
    }

    /// Gathers an audit entry.
    pub fn add_audit(&mut self, entry: audit_entry::Model) {
        self.audit.push(entry);
    }

    /// Bytes of audio in the new chunks.
    pub(super) fn new_bytes(&self) -> usize {
        self.new.iter().map(|row| row.audio.len()).sum()
    }

    /// The next journal row, with all new chunks: id and data.
    pub(super) fn journal(&self) -> (i64, Vec<u8>) {
        let mut data = Vec::with_capacity(self.new_bytes() + self.new.len() * journal::HEAD);
        self.new.iter().for_each(|row| journal::encode(row, &mut data));
        (self.recent.next_id(), data)
    }

    /// Records that all new chunks are in the journal under `id`.
    pub(super) fn journaled(mut self, id: i64) -> Self {
        self.recent.extend(id, &mut self.new);
        self
    }

    /// Takes the gathered rows, and the journaled chunks whose turn it is to move. New chunks are copied into the
    /// journal row and stay until they are [`journaled`](Self::journaled).
    pub(super) fn take_additions(&mut self) -> Additions {
        let bytes = self.new_bytes();
        let (moved, journaled) = self.recent.take_closed(bytes, false);
        Additions {
            journal: (bytes > 0).then(|| self.journal()),
            moved: gather_tracks(moved),
            journaled,
            transcripts: std::mem::take(&mut self.transcripts),
            audit: std::mem::take(&mut self.audit),
        }
    }

    /// Notes a write to an active call, so that its idle timeout starts over. The row is updated at most once in
    /// `every_ms`, and always if it marks the call as disconnected.
    pub fn note_write(&mut self, call: Uuid, audio: bool, now: Timestamp, every_ms: i64) {
        let Some(live) = self.live.get(call) else { return };
        if !live.is_watched(audio) {
            return;
        }
        live.last_write_at = Some(now);
        let noted = live.noted_at.is_some_and(|before| now.0 - before.0 < every_ms);
        if live.disconnected_at.take().is_some() || !noted {
            live.noted_at = Some(now);
            self.written.insert(call);
            self.written_at = Ord::max(self.written_at, Some(now));
            self.written_since.get_or_insert_with(Instant::now);
        }
    }

    /// Takes the calls whose rows need a new `last_write_at`, and that time.
    pub(super) fn take_written(&mut self) -> (BTreeSet<Uuid>, Option<Timestamp>) {
        self.written_since = None;
        (std::mem::take(&mut self.written), self.written_at.take())
    }
}
