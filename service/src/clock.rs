//! Time and ids, injected so that tests control them. Only this file uses the system's clock and id generator.

use entity::Timestamp;
use uuid::Uuid;

/// A clock.
///
/// Times are in milliseconds since 1970, in UTC. A clock may be set back: rules compare times that were stored with it,
/// so an interval can come out negative, and no rule may rely on the opposite.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// A generator of ids.
///
/// Order by id is the order of creation within a process, which lists of keys and transcripts rely on. Between nodes it
/// is that of their clocks.
pub trait Ids: Send + Sync {
    /// A new UUIDv7, larger than all that this process has generated before.
    fn next(&self) -> Uuid;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    fn now(&self) -> Timestamp {
        Timestamp(chrono::Utc::now().timestamp_millis())
    }
}

/// UUIDv7 from the system's clock and random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}
