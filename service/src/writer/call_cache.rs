//! The writer's cache of active calls, so that their next chunk needs no query. Only this writer changes them. A change
//! by another process or connection clears the whole cache.
//!
//! A call enters the cache when a transaction reads it as active, and leaves it when it ends or is deleted. An entry
//! says nothing that the database does not: it may be missing at any time, and then costs a query. It is never stale
//! while the version stands, since everything that changes an active call goes through the one writer.

use entity::call_track::Track;
use foldhash::HashMap;
use uuid::Uuid;

use crate::{
    Timestamp,
    calls::{AudioFormat, CallRef, CallRow},
};

/// Capacity. A full cache is cleared, and its calls are read again when they are next needed.
const CALLS_MAX: usize = 16 * 1024;

/// Cached active calls, by id and by `streamSid`.
#[derive(Default)]
pub(crate) struct CallCache {
    calls: HashMap<Uuid, CachedCall>,
    by_stream_sid: HashMap<String, Uuid>,
    /// The database's [`version`](crate::database::Storage::version) when the calls were read. Another one means that
    /// someone else has written to it.
    pub version: Option<i64>,
}

/// An active call.
pub(crate) struct CachedCall {
    pub id: Uuid,
    pub format: AudioFormat,
    /// Time of the last write; `None` before the first chunk or stream.
    pub last_write_at: Option<Timestamp>,
    /// The last write time that the call's row holds or is about to get. It lags `last_write_at`, because the row is
    /// updated at intervals.
    pub noted_at: Option<Timestamp>,
    pub disconnected_at: Option<Timestamp>,
    stream_sid: Option<String>,
    tracks: [CachedTrack; 2],
}

/// What the cache holds of a track.
///
/// `Unknown` and `Empty` are told apart because a call that was just started needs no query for its first chunk, and a
/// call that was read after a restart does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CachedTrack {
    /// Not read yet.
    #[default]
    Unknown,
    /// The track has no chunks.
    Empty,
    /// The track has chunks.
    Stored(StoredTrack),
}

/// The end of a track that has chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredTrack {
    /// One more than the largest stored sequence number.
    pub next: u32,
    /// Whether its chunks have timestamps; taken from its last row.
    pub timestamps: bool,
}

impl StoredTrack {
    /// A track whose largest sequence number is `last`.
    pub(crate) fn ends(last: u32, timestamps: bool) -> Self {
        Self { next: last + 1, timestamps }
    }
}

impl CallCache {
    /// Looks a call up in the cache. A reference that parses as an id is never looked up as a `streamSid`.
    pub(super) fn find(&self, call: &CallRef) -> Option<Uuid> {
        match call.id() {
            Some(id) => self.calls.contains_key(&id).then_some(id),
            None => self.by_stream_sid.get(call.stream_sid()).copied(),
        }
    }

    pub(super) fn get(&mut self, id: Uuid) -> Option<&mut CachedCall> {
        self.calls.get_mut(&id)
    }

    /// Caches an active call.
    pub(super) fn insert(&mut self, call: &CallRow) {
        if self.calls.len() >= CALLS_MAX {
            self.clear();
        }
        let cached = CachedCall {
            id: call.id,
            format: AudioFormat::of(call),
            last_write_at: call.last_write_at,
            noted_at: call.last_write_at,
            disconnected_at: call.disconnected_at,
            stream_sid: call.stream_sid.clone(),
            tracks: [CachedTrack::Unknown; 2],
        };
        if let Some(stream_sid) = &cached.stream_sid {
            self.by_stream_sid.insert(stream_sid.clone(), call.id);
        }
        self.calls.insert(call.id, cached);
    }

    /// Removes a call from the cache.
    pub(super) fn remove(&mut self, id: Uuid) {
        if let Some(stream_sid) = self.calls.remove(&id).and_then(|call| call.stream_sid) {
            self.by_stream_sid.remove(&stream_sid);
        }
    }

    pub(super) fn clear(&mut self) {
        self.calls.clear();
        self.by_stream_sid.clear();
    }
}

impl CachedCall {
    /// Whether the row need not learn of this write in the transaction of the write itself; the note then waits for
    /// others, for up to a second. It may not wait for a call's first audio or after a disconnect: a crash before the
    /// note would leave a call that never idles out, or one that ends although its audio has resumed.
    pub(crate) fn note_may_wait(&self, audio: bool, now: Timestamp, every_ms: i64) -> bool {
        if !self.is_watched(audio) {
            return true;
        }
        self.disconnected_at.is_none() && self.noted_at.is_some_and(|before| now.0 - before.0 < 2 * every_ms)
    }

    /// Whether this write counts for the idle timeout. The first audio starts it; other writes count only after that.
    pub(crate) fn is_watched(&self, audio: bool) -> bool {
        audio || self.last_write_at.is_some()
    }

    pub(crate) fn track(&mut self, track: Track) -> &mut CachedTrack {
        match track {
            Track::Inbound => &mut self.tracks[0],
            Track::Outbound => &mut self.tracks[1],
        }
    }
}
