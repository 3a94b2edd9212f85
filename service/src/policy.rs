//! The operator's policy on ending calls, on free space, on old audit entries, and on where webhooks may lead.
//!
//! The operator's settings, as the rules need them. They do not change while the service runs.

use std::{sync::Arc, time::Duration};

use crate::network::Network;

/// When calls end by themselves, how much space must stay free, how long the audit is kept, where webhooks may lead.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use service::Policy;
///
/// // Calls that nobody writes to end after a minute, and the audit is kept for a year.
/// let audit_retention = Some(Duration::from_secs(365 * 24 * 60 * 60));
/// let policy = Policy { idle_timeout: Duration::from_secs(60), audit_retention, ..Policy::default() };
/// assert_eq!(policy.scrub_interval, Duration::from_secs(30 * 24 * 60 * 60));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// A call ends after this long without a write. Applies only to calls that ever had a chunk or a stream.
    pub idle_timeout: Duration,
    /// A call ends when it is this old.
    pub max_call_duration: Duration,
    /// New calls are refused with less free space than this, in bytes. Active calls go on.
    pub min_free_bytes: u64,
    /// Exported audit entries are removed when they are this old; `None` if they are kept.
    pub audit_retention: Option<Duration>,
    /// How often each recording is compared with its hash; zero is never.
    pub scrub_interval: Duration,
    /// Networks to which webhooks may lead although they are not public.
    pub webhook_allow: Arc<[Network]>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(5 * 60),
            max_call_duration: Duration::from_secs(12 * 60 * 60),
            min_free_bytes: 256 * 1024 * 1024,
            audit_retention: None,
            scrub_interval: Duration::from_secs(30 * 24 * 60 * 60),
            webhook_allow: Arc::default(),
        }
    }
}

/// How long a stream's token may wait for its first use. A carrier opens the stream within seconds.
pub(crate) const TOKEN_LIFETIME: Duration = Duration::from_mins(5);

/// How long the last socket of a stream may be gone before its call ends.
pub const RECONNECT_GRACE: Duration = Duration::from_secs(60);

impl Policy {
    /// Whether a call may start with this much free space. `None`, an unknown amount, is enough.
    pub(crate) fn has_room(&self, free_bytes: Option<u64>) -> bool {
        free_bytes.is_none_or(|free| free >= self.min_free_bytes)
    }

    /// How often a call's row gets its last write time, in milliseconds: a tenth of the shortest timeout, at most 15 s.
    pub(crate) fn note_write_every_ms(&self) -> i64 {
        let shortest = self.idle_timeout.min(RECONNECT_GRACE);
        milliseconds(shortest / 10).min(15_000)
    }
}

/// A duration in milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
