//! What a stream's messages mean, in the same words for every platform.

use audio::Encoding;
use serde_json::{Map, Value};

use crate::Name;

/// Whose voice it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    /// The other party's: the caller, the customer.
    Inbound,
    /// Our side's: the agent.
    Outbound,
}

impl Track {
    /// The track's index in arrays of both.
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Inbound => 0,
            Self::Outbound => 1,
        }
    }
}

/// Which way the phone call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Somebody called us.
    Inbound,
    /// We called somebody.
    Outbound,
}

/// How the samples of a [`Frame`] are encoded. PCM16 is little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The codec.
    pub encoding: Encoding,
    /// Samples per second.
    pub sample_rate_hz: u32,
}

impl Default for Format {
    /// The format of telephony: mu-law at 8 kHz.
    fn default() -> Self {
        Self { encoding: Encoding::Mulaw, sample_rate_hz: 8_000 }
    }
}

/// The beginning of a stream. It has no `Debug`, because it names people.
pub struct Start {
    /// The platform.
    pub dialect: Name,
    /// The stream's id.
    pub stream_sid: String,
    /// The platform's id of the phone call.
    pub call_sid: Option<String>,
    /// Who called, at most 128 characters; `None` if nothing says it.
    pub caller: Option<String>,
    /// Who answered.
    pub agent: Option<String>,
    /// Which way the phone call went.
    pub direction: Option<Direction>,
    /// The format of the frames; `None` if the platform leaves it open.
    pub format: Option<Format>,
    /// What else the platform and the URL say.
    pub custom_data: Map<String, Value>,
    /// A one-time token among the parameters. It is to be checked, and never stored.
    pub token: Option<String>,
}

/// A stretch of one track, decoded if its codec is not one that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whose voice it is.
    pub track: Track,
    /// Its number on its track: the platform's counter, or one from 1.
    pub number: u32,
    /// Where it begins, in milliseconds since the start of the stream.
    pub timestamp_ms: u32,
    /// Whether `timestamp_ms` counts from a moment that all sockets of the stream share: the platform's clock read so
    /// many milliseconds since 1970 when the stream was at 0.
    pub epoch_ms: Option<u64>,
    /// The samples, in the stream's [`Format`].
    pub audio: Vec<u8>,
}

/// Something that a stream's messages say, in their order.
pub enum Event {
    /// The stream has started. Comes once, before all frames.
    Start(Box<Start>),
    /// Audio.
    Frame(Frame),
    /// A pressed key, at most 16 characters. Private, because callers type card numbers.
    Dtmf {
        /// The side that pressed it, if the message says so.
        track: Option<Track>,
        /// The key.
        digit: String,
    },
    /// A mark, at most 256 characters.
    Mark {
        /// The name that the application gave it.
        name: String,
    },
    /// A text that the platform has to be sent, after everything before it is stored.
    Answer(String),
    /// The stream is over.
    Stop,
    /// A message or frame that cannot be used, by reason.
    Skipped(&'static str),
    /// A message that needs no reaction: unknown, or of no use here.
    Ignored,
    /// The platform reports an error of its own.
    Complaint,
    /// The stream cannot be taken.
    Refused {
        /// Why.
        refusal: Refusal,
        /// The stream's id, if it has a valid one.
        stream_sid: Option<String>,
    },
}

/// Why a stream cannot be taken. It names nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The stream's id is missing or invalid.
    NoName,
    /// The format of the payloads, in the platform's words.
    Format(String),
    /// The handshake was another party's than the messages say.
    Unauthorized,
}
