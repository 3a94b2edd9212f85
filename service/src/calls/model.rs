//! What a call is, and how requests name one.

use audio::Encoding;
use audio::number::{real, wide};
use serde::{Serialize, Serializer};
use uuid::Uuid;

pub(crate) use entity::call::Model as CallRow;
pub use entity::call::{Direction, EndReason, Status};

use crate::{
    Private, Timestamp,
    version::{Versioned, digest},
};

/// The caller of calls that were started without one.
pub const UNKNOWN_CALLER: &str = "unknown";

/// A phone call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// UUIDv7.
    pub id: Uuid,
    /// The media stream's id. Unique.
    pub stream_sid: String,
    /// The carrier's id of the phone call. Unique if present.
    pub call_sid: Option<String>,
    /// Who called.
    pub caller: Private,
    /// Who answered.
    pub agent: Option<Private>,
    /// Direction of the phone call.
    pub direction: Option<Direction>,
    /// Encoding of the call's chunks.
    pub audio_format: AudioFormat,
    /// When the call began.
    pub start_time: Timestamp,
    /// When the call ended.
    pub end_time: Option<Timestamp>,
    /// From `start_time` to `end_time`, in milliseconds.
    pub duration_ms: Option<i64>,
    /// Whether the call accepts chunks, and what became of its recording.
    pub status: Status,
    /// What ended the call.
    pub end_reason: Option<EndReason>,
    /// Why a failed call has no recording.
    pub failure: Option<CallFailure>,
    /// When the service created the call.
    pub created_at: Timestamp,
    /// When the call last changed. Its audio, transcripts and other parts do not count.
    pub updated_at: Timestamp,
}

/// Why a call has no recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallFailure {
    /// A stable code for programs.
    pub code: String,
    /// The reason as a sentence.
    pub detail: String,
}

impl From<CallRow> for Call {
    /// Leaves out what only the service's own rules need: the times of writes and disconnects, and the deletion.
    fn from(row: CallRow) -> Self {
        Self {
            audio_format: AudioFormat::of(&row),
            id: row.id,
            // Only a deleted call has none.
            stream_sid: row.stream_sid.unwrap_or_default(),
            call_sid: row.call_sid,
            caller: row.caller,
            agent: row.agent,
            direction: row.direction,
            start_time: row.start_time,
            end_time: row.end_time,
            duration_ms: row.duration_ms,
            status: row.status,
            end_reason: row.end_reason,
            failure: row.failure_code.zip(row.failure_detail).map(|(code, detail)| CallFailure { code, detail }),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Versioned for Call {
    fn version(&self) -> String {
        digest(self)
    }
}

/// The version of a row is that of what a reader gets of it.
impl Versioned for CallRow {
    fn version(&self) -> String {
        Call::from(self.clone()).version()
    }
}

/// Encoding of a call's chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioFormat {
    /// The codec.
    pub encoding: Encoding,
    /// Sample rate, in hertz.
    pub sample_rate_hz: u32,
}

impl Default for AudioFormat {
    /// The format of telephony: mu-law at 8 kHz.
    fn default() -> Self {
        Self { encoding: Encoding::Mulaw, sample_rate_hz: 8_000 }
    }
}

impl std::fmt::Display for AudioFormat {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} at {} Hz", self.encoding.as_str(), self.sample_rate_hz)
    }
}

/// As text, for the versions of calls.
impl Serialize for AudioFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl AudioFormat {
    /// The format of a stored call.
    pub(crate) fn of(call: &CallRow) -> Self {
        let encoding = match call.encoding {
            entity::call::Encoding::Mulaw => Encoding::Mulaw,
            entity::call::Encoding::Alaw => Encoding::Alaw,
            entity::call::Encoding::Pcm16 => Encoding::Pcm16,
        };
        Self { encoding, sample_rate_hz: call.sample_rate.unsigned_abs() }
    }

    /// Number of samples in `bytes`. A trailing odd byte of PCM16 does not count.
    pub(crate) fn samples(self, bytes: u64) -> u64 {
        bytes / wide(self.encoding.bytes_per_sample())
    }

    /// Duration of `bytes`, in seconds.
    pub(crate) fn seconds(self, bytes: u64) -> f64 {
        samples_to_seconds(self.samples(bytes), self.sample_rate_hz)
    }

    /// The columns of a row.
    pub(crate) fn stored(self) -> (entity::call::Encoding, i32) {
        let encoding = match self.encoding {
            Encoding::Mulaw => entity::call::Encoding::Mulaw,
            Encoding::Alaw => entity::call::Encoding::Alaw,
            Encoding::Pcm16 => entity::call::Encoding::Pcm16,
        };
        (encoding, i32::try_from(self.sample_rate_hz).unwrap_or(i32::MAX))
    }
}

/// Duration of `samples`, in seconds.
pub(crate) fn samples_to_seconds(samples: u64, sample_rate_hz: u32) -> f64 {
    real(samples) / f64::from(sample_rate_hz)
}

/// The characters of a `streamSid` or `callSid`, for messages. Carriers and SIP use these; in a URL they are
/// percent-encoded.
pub const SID_CHARACTERS: &str = "A-Z a-z 0-9 _ . : - @ = / + { } ~ % !";
/// Longest `streamSid` or `callSid`, in characters.
const SID_MAX: usize = 128;

/// Whether a text is a valid `streamSid` or `callSid`: 1 to 128 of [`SID_CHARACTERS`], and not `.` or `..`, which a URL
/// path cannot hold.
#[must_use]
pub fn is_sid(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-@=/+{}~%!".contains(&byte);
    (1..=SID_MAX).contains(&text.len()) && !matches!(text, "." | "..") && text.bytes().all(allowed)
}

/// Parses an id in the form in which the API writes ids.
#[must_use]
pub fn as_id(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// A reference to a call in a request: its id or its `streamSid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRef {
    id: Option<Uuid>,
    stream_sid: String,
}

impl CallRef {
    /// Parses a reference; `None` if it is neither a valid id nor a valid `streamSid`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_sid(text).then(|| Self { id: as_id(text), stream_sid: text.to_owned() })
    }

    /// Refers to a call by its `streamSid` only, even if that looks like an id.
    pub(crate) fn by_stream_sid(stream_sid: &str) -> Self {
        Self { id: None, stream_sid: stream_sid.to_owned() }
    }

    /// Refers to a call by its id.
    pub(crate) fn of(id: Uuid) -> Self {
        Self { id: Some(id), stream_sid: String::new() }
    }

    /// The id, if the reference parses as one.
    pub(crate) fn id(&self) -> Option<Uuid> {
        self.id
    }

    /// The reference as given.
    pub(crate) fn stream_sid(&self) -> &str {
        &self.stream_sid
    }
}
