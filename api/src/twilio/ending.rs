//! How a carrier's socket closes, and why.

use service::{Error, Interruption};

use crate::socket::CloseCode;

/// How a socket closes.
pub struct Ending {
    /// The code that the peer is told.
    pub code: CloseCode,
    /// Why, in words.
    pub reason: &'static str,
    /// Whether the stream is over, not only this socket.
    pub stopped: bool,
}

impl Ending {
    /// The socket closes, and the stream may come back.
    pub fn new(code: CloseCode, reason: &'static str) -> Self {
        Self { code, reason, stopped: false }
    }

    /// For an error that ends the socket.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::CallEnded | Error::CallNotFound => Self::new(CloseCode::Policy, "The call has ended."),
            Error::FormatMismatch { .. } => {
                Self::new(CloseCode::Unsupported, "The stream has come back in another media format.")
            }
            error => {
                tracing::error!(%error, "A media stream is closed, because the service failed.");
                Self::new(CloseCode::Error, "The service failed.")
            }
        }
    }
}

impl From<Interruption> for Ending {
    fn from(interruption: Interruption) -> Self {
        match interruption {
            Interruption::CallEnded => Self::new(CloseCode::Policy, "The call has ended."),
            Interruption::TakenOver => Self::new(CloseCode::Policy, "The stream goes on on another socket."),
            Interruption::Stopping => Self::new(CloseCode::Restart, "The service stops."),
        }
    }
}
