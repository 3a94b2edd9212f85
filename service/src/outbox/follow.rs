//! A reader that follows the store: it is told each event once, in order, and waits for the next.
//!
//! Delivery is at least once from the view of a client: a follower hands out each event once, but whoever loses the
//! answer on its way asks again from what it has seen. Whoever acts on events therefore compares their ids.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{EventFilter, EventId, OutboxEvent, hub::Hub, read};
use crate::{Error, core::Core};

/// How many events are looked at at once.
const AT_ONCE: usize = 256;

/// A reader's place among the events. It holds no event, so a reader that is slow costs no memory.
///
/// Its place advances with events that the filter does not want too, so that a reader of a rare kind does not read the
/// history again after a pause. If it falls so far behind that its place expires (72 hours), the next look returns what
/// is left, without a sign of the gap: a reader that comes back after so long passes a name to
/// [`follow`](crate::Outbox::follow), which refuses it.
///
/// # Examples
///
/// A reader that wants one kind, and that the service wakes:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Author, CallRef, EventFilter, NewCall, OutboxKind};
///
/// let ended = EventFilter { kinds: vec![OutboxKind::CallEnded], call: None };
/// let mut follower = callstore.outbox.follow(None, ended).await?;
/// let call = callstore.calls.start(NewCall::default(), Author::default(), None).await?.call;
/// let call = CallRef::parse(&call.stream_sid).unwrap();
/// callstore.calls.end(&call, None, std::time::Duration::ZERO, None).await?;
///
/// let events = follower.next().await?.unwrap();
/// assert_eq!((events.len(), events[0].kind), (1, OutboxKind::CallEnded));
/// // The start was looked at as well, and is not looked at again.
/// assert!(follower.seen().is_some());
/// # Ok(()) }) }
/// ```
pub struct Follower {
    core: Core,
    hub: Arc<Hub>,
    newest: watch::Receiver<i64>,
    stopping: CancellationToken,
    filter: EventFilter,
    seen: Option<EventId>,
}

impl Follower {
    /// Begins after `seen`, or with the first event.
    pub(super) fn new(core: Core, hub: Arc<Hub>, seen: Option<EventId>, filter: EventFilter) -> Self {
        let (newest, stopping) = (hub.newest(), core.background.stopping());
        Self { core, hub, newest, stopping, filter, seen }
    }

    /// The last event that was looked at, wanted or not: from here a reader may begin again.
    #[must_use]
    pub fn seen(&self) -> Option<EventId> {
        self.seen
    }

    /// The next wanted events, at least one; `None` once the service stops. May be dropped while it waits: no event is
    /// lost.
    ///
    /// # Errors
    /// When the database fails; the reader may ask again.
    pub async fn next(&mut self) -> Result<Option<Vec<Arc<OutboxEvent>>>, Error> {
        loop {
            if self.stopping.is_cancelled() {
                return Ok(None);
            }
            let events = self.look().await?;
            let Some(last) = events.last() else {
                let stopped = self.stopping.clone();
                if !matches!(stopped.run_until_cancelled(self.wait()).await, Some(true)) {
                    return Ok(None);
                }
                continue;
            };
            self.seen = Some(last.id);
            let wanted: Vec<_> = events.into_iter().filter(|event| self.filter.admits(event)).collect();
            if !wanted.is_empty() {
                return Ok(Some(wanted));
            }
        }
    }

    fn position(&self) -> i64 {
        self.seen.map_or(0, |seen| seen.position)
    }

    /// What comes after this reader's place, from memory or from the table.
    ///
    /// Events are read without the filter, in both cases: the place has to advance past those that are not wanted, and
    /// the hub is shared by readers with different filters.
    async fn look(&self) -> Result<Vec<Arc<OutboxEvent>>, Error> {
        if let Some(events) = self.hub.after(self.position(), AT_ONCE) {
            return Ok(events);
        }
        let limit = audio::number::wide(AT_ONCE);
        let events = read::after(self.core.database.readers(), self.position(), &EventFilter::default(), limit).await?;
        Ok(events.into_iter().map(Arc::new).collect())
    }

    /// Waits for an event after this reader's place. False if the hub is gone.
    async fn wait(&mut self) -> bool {
        let position = self.position();
        self.newest.wait_for(|newest| *newest > position).await.is_ok()
    }
}
