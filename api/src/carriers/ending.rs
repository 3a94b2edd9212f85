//! How and why a carrier's socket closes.

use std::borrow::Cow;

use dialects::{Name, Refusal};
use service::{Error, Interruption, TokenRefused};
use uuid::Uuid;

use crate::socket::{CloseCode, End, Skipped, note_end};

/// The close code and reason of a socket.
pub(super) struct Ending {
    /// The close code.
    pub code: CloseCode,
    /// The reason for the peer.
    pub reason: Cow<'static, str>,
    /// Whether the whole stream is over. Otherwise the carrier may reconnect and continue it.
    pub stopped: bool,
    /// Whether the stream is refused: because of what the carrier sent, or because the service failed.
    pub refused: bool,
    /// Whether that is because the handshake does not suffice.
    pub unauthorized: bool,
}

impl Ending {
    /// Closes the socket. The stream may continue on another.
    pub(super) fn new(code: CloseCode, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into(), stopped: false, refused: code != CloseCode::Normal, unauthorized: false }
    }

    /// Closes the socket after the end of the stream.
    pub(super) fn stopped() -> Self {
        Self { stopped: true, ..Self::new(CloseCode::Normal, "The stream has ended.") }
    }

    /// Refuses a stream whose handshake does not prove that it may start.
    pub(super) fn unauthorized(reason: String) -> Self {
        Self { unauthorized: true, ..Self::new(CloseCode::Policy, reason) }
    }

    /// Writes the log line of the socket's end; `seen` is the platform that its messages look like.
    pub(super) fn note(&self, call: Option<Uuid>, stream: Option<&str>, seen: Option<Name>, skipped: &Skipped) {
        let refused = self.refused.then(|| seen.map_or("unknown", Name::as_str));
        note_end(End { protocol: "twilio", call, stream, code: self.code, reason: &self.reason, skipped, refused });
    }

    /// Says that no stream started, and whose messages came instead.
    pub(super) fn without_start(mut self, seen: Name) -> Self {
        self.refused = true;
        if self.reason.is_empty() || self.code == CloseCode::Policy {
            self.reason = format!("No start of a stream was understood. The messages look like {seen}'s.").into();
        }
        self
    }

    /// The close code for a start that cannot be taken.
    pub(super) fn unfit(refusal: &Refusal, seen: Option<Name>) -> Self {
        let of = seen.map(|name| format!(" of {name}")).unwrap_or_default();
        match refusal {
            Refusal::NoName => Self::new(CloseCode::Invalid, format!("The start{of} has no valid stream id.")),
            Refusal::Format(came) => {
                let reason = format!("The format{of} must be G.711 at 8000 Hz, L16, G.722 or Opus, not {came}.");
                Self::new(CloseCode::Unsupported, reason)
            }
            Refusal::Unauthorized => {
                Self::unauthorized(format!("The start{of} is of another party than its handshake."))
            }
        }
    }

    /// The close code for an error that keeps a stream from starting.
    pub(super) fn refused(error: &Error) -> Self {
        Self { refused: true, ..Self::of(error) }
    }

    /// The close code for an error. Unexpected errors are logged.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other errors are the service's failures")]
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::CallEnded | Error::CallNotFound => {
                Self { refused: false, ..Self::new(CloseCode::Policy, "The call has ended.") }
            }
            Error::CallNotAllowed { .. } => Self::new(
                CloseCode::Policy,
                "Another key started the call with this streamSid; this key has ownCallsOnly.",
            ),
            Error::StreamSidTaken { .. } => {
                Self::new(CloseCode::Invalid, "The stream's id is that of another call, so it is not valid.")
            }
            Error::ForeignStream => {
                let reason = "The stream belongs to another phone call, or its token to another call.";
                Self::new(CloseCode::Policy, reason)
            }
            Error::FormatMismatch { .. } => {
                Self::new(CloseCode::Unsupported, "The stream returned with another media format.")
            }
            error => {
                tracing::error!(%error, "A media stream is closed, because the service failed.");
                Self::new(CloseCode::Error, "The service failed.")
            }
        }
    }
}

impl From<TokenRefused> for Ending {
    fn from(refused: TokenRefused) -> Self {
        let reason = match refused {
            TokenRefused::Invalid => "The token is not valid for this phone call.",
            TokenRefused::Expired => "The token has expired.",
            TokenRefused::Used => "The token was used before.",
            TokenRefused::Failed(error) => return Self::of(&error),
        };
        Self::new(CloseCode::Policy, reason)
    }
}

impl From<Interruption> for Ending {
    fn from(interruption: Interruption) -> Self {
        let ending = match interruption {
            Interruption::CallEnded => Self::new(CloseCode::Policy, "The call has ended."),
            Interruption::TakenOver => Self::new(CloseCode::Policy, "Another socket took over the stream."),
            Interruption::HungUp => Self { stopped: true, ..Self::new(CloseCode::Normal, "The phone call has ended.") },
            Interruption::Stopping => Self::new(CloseCode::Restart, "The service is stopping. Reconnect."),
        };
        Self { refused: false, ..ending }
    }
}
