//! What the operator decides of calls and of space.

use std::time::Duration;

/// When calls end by themselves, and how much space stays free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// A call ends when nothing was written to it for so long; only one that ever had a chunk or a stream.
    pub idle_timeout: Duration,
    /// Any call ends when it is so old.
    pub max_call_duration: Duration,
    /// With less free space than this, in bytes, no call is started; those under way go on.
    pub min_free_bytes: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(5 * 60),
            max_call_duration: Duration::from_secs(12 * 60 * 60),
            min_free_bytes: 256 * 1024 * 1024,
        }
    }
}

/// How long the socket of a stream may be gone before its call ends.
pub const RECONNECT_GRACE: Duration = Duration::from_secs(60);

impl Policy {
    /// Whether so many free bytes are enough to start a call; where nothing is counted, they are.
    pub(crate) fn has_room(&self, free_bytes: Option<u64>) -> bool {
        free_bytes.is_none_or(|free| free >= self.min_free_bytes)
    }

    /// How exactly a call's row tells when it was last written to, in milliseconds: a tenth of what is waited for.
    pub(crate) fn note_write_every_ms(&self) -> i64 {
        let shortest = self.idle_timeout.min(RECONNECT_GRACE);
        milliseconds(shortest / 10).min(15_000)
    }
}

/// A duration in milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
