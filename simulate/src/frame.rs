//! A frame's place in a call, whatever carries it.

use serde::Deserialize;

/// One side of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Track {
    /// The caller.
    #[default]
    Inbound,
    /// The agent.
    Outbound,
}

impl Track {
    /// The name in JSON.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }

    /// The other side.
    #[must_use]
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Inbound => Self::Outbound,
            Self::Outbound => Self::Inbound,
        }
    }

    /// Whether this is the agent's track.
    #[must_use]
    pub(crate) fn is_outbound(self) -> bool {
        self == Self::Outbound
    }
}

/// A frame's position and size, without its audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The track.
    pub track: Track,
    /// The sequence in the track.
    pub sequence: u32,
    /// Where the frame begins in the stream, in milliseconds.
    pub timestamp_ms: u32,
    /// The length of the audio in bytes.
    pub bytes: u32,
}
