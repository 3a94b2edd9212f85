//! What the writer knows without asking the database. When a transaction fails it is thrown away and read again.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use entity::call_track::Track;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::{
    journal,
    live::{LiveCall, LiveCalls, LiveTrack, StoredTrack},
    recent::Recent,
};
use crate::{
    AuditEntry, CallRef, Timestamp, Transcript,
    chunks::{ChunkRow, gather_tracks},
    database::Additions,
};

/// How long it may wait until the rows of calls tell that they were written to.
const NOTES_WAIT: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Default)]
pub(crate) struct State {
    pub(super) live: LiveCalls,
    pub(super) recent: Recent,
    /// New chunks, which are not in the journal yet.
    pub(super) new: Vec<ChunkRow>,
    /// New utterances, and new entries of the audit.
    pub(super) transcripts: Vec<Transcript>,
    pub(super) audit: Vec<AuditEntry>,
    /// Calls that were written to and whose rows do not tell so yet.
    pub(super) written: BTreeSet<Uuid>,
    pub(super) written_at: Option<Timestamp>,
    /// Since when there are such calls.
    written_since: Option<Instant>,
}

impl State {
    /// Reads it from the database.
    pub(super) async fn load(connection: &impl ConnectionTrait) -> Result<Self, DbErr> {
        Ok(Self { recent: Recent::load(connection).await?, ..Self::default() })
    }

    /// Whether nothing waits to be written.
    pub(super) fn is_settled(&self) -> bool {
        self.recent.is_empty() && self.written.is_empty()
    }

    /// Whether rows of calls have to tell by now that they were written to.
    pub(super) fn has_due_notes(&self) -> bool {
        self.written_since.is_some_and(|since| since.elapsed() >= NOTES_WAIT)
    }

    /// A call that takes chunks, if it is known.
    pub fn live_call(&mut self, call: &CallRef) -> Option<&mut LiveCall> {
        self.live.find(call).and_then(|id| self.live.get(id))
    }

    /// Adds a track's new chunks, and what is known of it from then on.
    pub fn add_chunks(&mut self, call: Uuid, track: Track, rows: Vec<ChunkRow>, stored: StoredTrack) {
        self.new.extend(rows);
        if let Some(call) = self.live.get(call) {
            *call.track(track) = LiveTrack::Stored(stored);
        }
    }

    /// Adds utterances.
    pub fn add_transcripts(&mut self, rows: impl IntoIterator<Item = Transcript>) {
        self.transcripts.extend(rows);
    }

    /// Adds an entry of the audit.
    pub fn add_audit(&mut self, entry: AuditEntry) {
        self.audit.push(entry);
    }

    /// How many bytes of audio the new chunks are.
    pub(super) fn new_bytes(&self) -> usize {
        self.new.iter().map(|row| row.audio.len()).sum()
    }

    /// The journal's next row, of all new chunks: its id and its data.
    pub(super) fn journal(&self) -> (i64, Vec<u8>) {
        let mut data = Vec::with_capacity(self.new_bytes() + self.new.len() * journal::HEAD);
        self.new.iter().for_each(|row| journal::encode(row, &mut data));
        (self.recent.next_id(), data)
    }

    /// All new chunks are in the journal now.
    pub(super) fn journaled(mut self, id: i64) -> Self {
        self.recent.extend(id, &mut self.new);
        self
    }

    /// Takes all that is new, but for the chunks, which stay until they are [`journaled`](Self::journaled), and chunks of earlier
    /// transactions, whose turn it is to move.
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

    /// Notes that something was written to a call that takes chunks, so that it is not taken for idle. The row tells so once in
    /// `every_ms`.
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

    /// Takes the calls whose rows have to tell that they were written to, and when.
    pub(super) fn take_written(&mut self) -> (BTreeSet<Uuid>, Option<Timestamp>) {
        self.written_since = None;
        (std::mem::take(&mut self.written), self.written_at.take())
    }
}
