//! The latest events in memory. One task reads them from the table, for all readers of this process.
//!
//! The table is the truth: the hub only spares readers from asking it each for themselves. A reader that is further
//! behind than the hub remembers reads the table. What wakes the task is a hint: its own process has committed events,
//! or PostgreSQL says that another node has. Without a hint it looks once a second.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sea_orm::DbErr;
use tokio::{sync::watch, time::timeout};

use super::{EventFilter, OutboxEvent, read};
use crate::core::Core;

/// How many events are remembered.
const REMEMBERED: usize = 4096;
/// How many events are read at once.
const AT_ONCE: u64 = 500;
/// How long the task sleeps without a hint, and after a failure.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The events that were read last, and the place of the newest.
pub(super) struct Hub {
    newest: watch::Sender<i64>,
    latest: Mutex<Latest>,
}

/// Consecutive events: all that were committed after `after`.
#[derive(Default)]
struct Latest {
    after: i64,
    events: VecDeque<Arc<OutboxEvent>>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { newest: watch::Sender::new(0), latest: Mutex::default() }
    }
}

impl Hub {
    fn latest(&self) -> MutexGuard<'_, Latest> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For waiting until there are events after a place.
    pub(super) fn newest(&self) -> watch::Receiver<i64> {
        self.newest.subscribe()
    }

    /// Up to `limit` events after a place, whatever they are; `None` if the hub no longer remembers the first of them.
    pub(super) fn after(&self, position: i64, limit: usize) -> Option<Vec<Arc<OutboxEvent>>> {
        let latest = self.latest();
        if position < latest.after {
            return None;
        }
        let first = latest.events.partition_point(|event| event.id.position <= position);
        Some(latest.events.range(first..).take(limit).cloned().collect())
    }

    fn add(&self, events: Vec<OutboxEvent>) {
        let Some(newest) = events.last().map(|event| event.id.position) else { return };
        {
            let mut latest = self.latest();
            latest.events.extend(events.into_iter().map(Arc::new));
            while latest.events.len() > REMEMBERED {
                if let Some(forgotten) = latest.events.pop_front() {
                    latest.after = forgotten.id.position;
                }
            }
        }
        self.newest.send_replace(newest);
    }

    /// Begins after the newest event of the table.
    pub(super) async fn begin(&self, core: &Core) -> Result<(), DbErr> {
        let newest = read::newest(core.database.readers()).await?.map_or(0, |newest| newest.position);
        *self.latest() = Latest { after: newest, events: VecDeque::new() };
        self.newest.send_replace(newest);
        Ok(())
    }

    /// Reads new events until the service stops.
    pub(super) async fn keep_reading(self: Arc<Self>, core: Core) {
        let all = EventFilter::default();
        while !core.background.is_stopping() {
            let position = *self.newest.borrow();
            match read::after(core.database.readers(), position, &all, AT_ONCE).await {
                Ok(events) if events.is_empty() => {
                    let hint = core.database.storage().outbox_written().notified();
                    let hint = core.background.stopping().run_until_cancelled_owned(timeout(LOOK_AGAIN, hint));
                    if hint.await.is_none() {
                        return;
                    }
                }
                Ok(events) => self.add(events),
                Err(error) => {
                    tracing::warn!(%error, "Events could not be read; the service tries again.");
                    if !core.background.pause(LOOK_AGAIN).await {
                        return;
                    }
                }
            }
        }
    }

    /// Listens for what other nodes commit until the service stops. A failure costs at most a second of delay.
    pub(super) async fn keep_listening(core: Core) {
        let stopping = core.background.stopping();
        while let Some(Err(error)) = stopping.run_until_cancelled(core.database.storage().listen()).await {
            tracing::warn!(%error, "Events of other nodes are read once a second, until the database answers again.");
            if !core.background.pause(LOOK_AGAIN).await {
                return;
            }
        }
    }
}
