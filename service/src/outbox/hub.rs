//! The latest events in memory. One task reads them from the table, for all readers of this process.
//!
//! The table is the truth: the hub only spares readers from asking it each for themselves. A reader that is further
//! behind than the hub remembers reads the table. What wakes the task is a hint: its own process has committed events,
//! or PostgreSQL says that another node has. Without a hint it looks once a second.
//!
//! What it costs: up to 4096 events in memory, of a few hundred bytes each, and one query per batch of commits. A
//! thousand readers that follow cost one query together, where each would cost one of its own.
//!
//! What it may get wrong, and why that is harmless: it reads the table after the commit, so it is never ahead of the
//! truth. A lost hint delays events by a second. A failed read is repeated from the same place, so none is skipped.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use entity::outbox::Kind;
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
///
/// Its life: it is made empty, [`begin`](Self::begin) sets its place before the service answers, and one task fills it
/// until the service stops. Readers subscribe to `newest` before they look, so that an event that comes between the
/// look and the wait wakes them.
pub(super) struct Hub {
    newest: watch::Sender<i64>,
    latest: Mutex<Latest>,
}

/// Consecutive events: all that were committed after `after`.
///
/// There is no gap between `after` and the first event, nor between two events: what was deleted from the table before
/// it was read here has no place. So a reader at `after` or later misses nothing, and one before it has to ask the
/// table.
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
    ///
    /// The receiver has the value of now and each later one, but not those between: only the largest matters. It fails
    /// once the hub is dropped, which happens when the service stops.
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

    /// Wakes the readers last, and without the lock: a reader that wakes at once finds the events.
    fn add(&self, events: Vec<OutboxEvent>) {
        let Some(newest) = events.last().map(|event| event.id.position) else { return };
        {
            let mut latest = self.latest();
            for event in events {
                if event.kind == Kind::CallDeleted {
                    latest.events.retain(|earlier| earlier.call_id != event.call_id);
                }
                latest.events.push_back(Arc::new(event));
            }
            while latest.events.len() > REMEMBERED {
                if let Some(forgotten) = latest.events.pop_front() {
                    latest.after = forgotten.id.position;
                }
            }
        }
        self.newest.send_replace(newest);
    }

    /// Begins after the newest event of the table.
    ///
    /// Events from before the start are not read into memory, since few readers want them, and those ask the table.
    ///
    /// # Errors
    /// A failing database. The service then does not start, as with any other that it cannot read.
    pub(super) async fn begin(&self, core: &Core) -> Result<(), DbErr> {
        let newest = read::newest(core.database.readers()).await?.map_or(0, |newest| newest.position);
        *self.latest() = Latest { after: newest, events: VecDeque::new() };
        self.newest.send_replace(newest);
        Ok(())
    }

    /// Reads new events until the service stops.
    ///
    /// A failure of the database is logged and tried again each second. Followers wait meanwhile, and requests that
    /// read the table get the error themselves.
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
    ///
    /// Does nothing on SQLite, where only this process commits events. On PostgreSQL it takes a connection of its own,
    /// outside of the pool, since `LISTEN` belongs to a connection.
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
