//! What the writer remembers of calls that take chunks, so that the next chunk needs no query. It is the only one that
//! writes to them; whatever another process does to the database makes it forget all.

use entity::call_track::Track;
use foldhash::HashMap;
use uuid::Uuid;

use crate::{
    Timestamp,
    calls::{AudioFormat, Call, CallRef},
};

/// How many calls are remembered; beyond, all are forgotten and looked up again.
const CALLS_MAX: usize = 16 * 1024;

/// The calls that are remembered.
#[derive(Default)]
pub(crate) struct LiveCalls {
    calls: HashMap<Uuid, LiveCall>,
    by_stream_sid: HashMap<String, Uuid>,
    /// SQLite's `data_version` when they were read.
    pub version: i64,
}

/// A call that takes chunks.
pub(crate) struct LiveCall {
    pub id: Uuid,
    pub format: AudioFormat,
    /// When it was last written to; none before its first chunk or stream.
    pub last_write_at: Option<Timestamp>,
    /// When its row last said so.
    pub noted_at: Option<Timestamp>,
    pub disconnected_at: Option<Timestamp>,
    stream_sid: Option<String>,
    tracks: [LiveTrack; 2],
}

/// What is known of a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LiveTrack {
    /// Nothing yet.
    #[default]
    Unknown,
    /// It has no chunk.
    Empty,
    /// It has chunks.
    Stored(StoredTrack),
}

/// A track that has chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredTrack {
    /// The sequence number after the largest.
    pub next: u32,
    /// Whether its chunks have timestamps.
    pub timestamps: bool,
}

impl StoredTrack {
    /// A track whose largest sequence number is `last`.
    pub fn ends(last: u32, timestamps: bool) -> Self {
        Self { next: last + 1, timestamps }
    }
}

impl LiveCalls {
    /// A call by its name, if it is remembered. An id wins, so that a `streamSid` that looks like one is not looked for.
    pub fn find(&self, call: &CallRef) -> Option<Uuid> {
        match call.id() {
            Some(id) => self.calls.contains_key(&id).then_some(id),
            None => self.by_stream_sid.get(call.stream_sid()).copied(),
        }
    }

    pub fn get(&mut self, id: Uuid) -> Option<&mut LiveCall> {
        self.calls.get_mut(&id)
    }

    /// Remembers a call that takes chunks.
    pub fn insert(&mut self, call: &Call) {
        if self.calls.len() >= CALLS_MAX {
            self.clear();
        }
        let live = LiveCall {
            id: call.id,
            format: AudioFormat::of(call),
            last_write_at: call.last_write_at,
            noted_at: call.last_write_at,
            disconnected_at: call.disconnected_at,
            stream_sid: call.stream_sid.clone(),
            tracks: [LiveTrack::Unknown; 2],
        };
        if let Some(stream_sid) = &live.stream_sid {
            self.by_stream_sid.insert(stream_sid.clone(), call.id);
        }
        self.calls.insert(call.id, live);
    }

    /// Forgets a call.
    pub fn remove(&mut self, id: Uuid) {
        if let Some(stream_sid) = self.calls.remove(&id).and_then(|call| call.stream_sid) {
            self.by_stream_sid.remove(&stream_sid);
        }
    }

    pub fn clear(&mut self) {
        self.calls.clear();
        self.by_stream_sid.clear();
    }
}

impl LiveCall {
    /// Whether its row told not long ago that it was written to, so that it need not tell of this write at once, or is not to tell
    /// of it at all.
    pub fn may_tell_later(&self, audio: bool, now: Timestamp, every_ms: i64) -> bool {
        if !self.is_watched(audio) {
            return true;
        }
        self.disconnected_at.is_none() && self.noted_at.is_some_and(|before| now.0 - before.0 < 2 * every_ms)
    }

    /// Whether it is to be ended when nothing more is written to it: audio begins the watch over a call.
    pub fn is_watched(&self, audio: bool) -> bool {
        audio || self.last_write_at.is_some()
    }

    pub fn track(&mut self, track: Track) -> &mut LiveTrack {
        match track {
            Track::Inbound => &mut self.tracks[0],
            Track::Outbound => &mut self.tracks[1],
        }
    }
}
