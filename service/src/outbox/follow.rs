//! A reader that follows the store: it is told each event once, in order, and waits for the next.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{EventFilter, EventId, OutboxEvent, hub::Hub, read};
use crate::{Error, core::Core};

/// How many events are looked at at once.
const AT_ONCE: usize = 256;

/// A reader's place among the events. It holds no event, so a reader that is slow costs no memory.
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
