//! The part of the call store for events: pages, followers, and the end of their time.
//!
//! Forgetting goes from the oldest row to the first that is young enough, in the order of commits. A clock that jumps
//! back can leave an expired row behind a young one; it goes when the young one expires, at most 72 hours later.

use std::{sync::Arc, time::Duration};

use entity::{
    call,
    outbox::{Column, Entity},
    webhook,
};
use futures_util::FutureExt;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::watch;
use uuid::Uuid;

use super::{EventFilter, EventId, Follower, OutboxEvent, hub::Hub, read};
use crate::{
    Error, Timestamp,
    calls::{CallRef, Visible},
    core::Core,
    policy::milliseconds,
};

/// How long events are kept.
const KEPT: Duration = Duration::from_hours(72);
/// How often expired events are deleted, and how many per transaction.
const FORGET_EVERY: Duration = Duration::from_mins(1);
const FORGET_AT_ONCE: u64 = 500;

/// Operations on events of the whole store.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Author, EventFilter, NewCall, OutboxKind};
///
/// let mut follower = callstore.outbox.follow(None, EventFilter::default()).await?;
/// callstore.calls.start(NewCall::default(), Author::default(), None).await?;
/// let events = follower.next().await?.unwrap();
/// assert_eq!(events[0].kind, OutboxKind::CallStarted);
///
/// // Who comes back later goes on after what it has seen.
/// let after = callstore.outbox.list(follower.seen(), &EventFilter::default(), 100).await?;
/// assert!(after.is_empty());
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Outbox {
    core: Core,
    hub: Arc<Hub>,
}

impl Outbox {
    pub(crate) fn new(core: Core) -> Self {
        Self { core, hub: Arc::default() }
    }

    /// Up to `limit` events after a name, in order; from the oldest without one.
    ///
    /// The name is checked and the page is read in one snapshot. Otherwise events could expire between the two, and the
    /// page would begin after a gap.
    ///
    /// # Errors
    /// `EventExpired` if events after that name may be gone, or a failing database.
    pub async fn list(
        &self,
        after: Option<EventId>,
        filter: &EventFilter,
        limit: u64,
    ) -> Result<Vec<OutboxEvent>, Error> {
        let snapshot = self.core.database.snapshot().await?;
        if let Some(name) = after {
            read::check(&snapshot, name).await?;
        }
        Ok(read::after(&snapshot, after.map_or(0, |after| after.position), filter, limit).await?)
    }

    /// Follows the store: after a name, or from now on.
    ///
    /// # Errors
    /// As for [`list`](Self::list).
    pub async fn follow(&self, after: Option<EventId>, filter: EventFilter) -> Result<Follower, Error> {
        let readers = self.core.database.readers();
        let seen = match after {
            Some(name) => {
                read::check(readers, name).await?;
                after
            }
            None => read::newest(readers).await?,
        };
        Ok(Follower::new(self.core.clone(), self.hub.clone(), seen, filter))
    }

    /// The id of a call, for a filter.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn call(&self, call: &CallRef) -> Result<Uuid, Error> {
        Ok(crate::calls::find(self.core.database.readers(), call).await?.id)
    }

    /// For waiting until there are events after a place.
    pub(crate) fn newest(&self) -> watch::Receiver<i64> {
        self.hub.newest()
    }

    /// The place of the newest event; 0 without any.
    pub(crate) async fn newest_position(&self, connection: &impl ConnectionTrait) -> Result<i64, Error> {
        Ok(read::newest(connection).await?.map_or(0, |newest| newest.position))
    }

    /// Up to `limit` events after a place, whatever they are.
    pub(crate) async fn after(&self, position: i64, limit: u64) -> Result<Vec<OutboxEvent>, Error> {
        Ok(read::after(self.core.database.readers(), position, &EventFilter::default(), limit).await?)
    }

    /// The `streamSid` of a call, which may have none; `None` if the call was deleted.
    pub(crate) async fn stream_sid(&self, call: Uuid) -> Result<Option<Option<String>>, Error> {
        let found = call::Entity::find_by_id(call).visible().one(self.core.database.readers()).await?;
        Ok(found.map(|call| call.stream_sid))
    }

    /// Starts the tasks that read and forget events.
    pub(crate) async fn begin(&self) -> Result<(), Error> {
        self.hub.begin(&self.core).await?;
        let background = &self.core.background;
        background.spawn(self.hub.clone().keep_reading(self.core.clone()));
        background.spawn(Hub::keep_listening(self.core.clone()));
        background.spawn(self.clone().keep_forgetting());
        Ok(())
    }

    async fn keep_forgetting(self) {
        loop {
            if let Err(error) = self.forget().await {
                tracing::error!(%error, "Expired events could not be deleted; the service tries again.");
            }
            if !self.core.background.pause(FORGET_EVERY).await {
                return;
            }
        }
    }

    /// Deletes expired events, from the oldest to the first that is kept. The newest stays whatever its age: the
    /// numbers of later ones go on from it.
    ///
    /// On several nodes one that holds the lease does it. Each slice of 500 rows is a transaction of its own, which
    /// looks for the newest row itself: the one that must stay may have changed since the last slice.
    async fn forget(&self) -> Result<(), Error> {
        if !self.core.has_lease("outbox").await? {
            return Ok(());
        }
        let before = Timestamp(self.core.now().0.saturating_sub(milliseconds(KEPT)));
        let oldest = Entity::find().order_by_asc(Column::Position).one(self.core.database.readers()).await?;
        if oldest.is_none_or(|oldest| oldest.created_at >= before) {
            return Ok(());
        }
        loop {
            let deleted = self.core.write(None, 0, move |batch| {
                async move {
                    let transaction = batch.transaction();
                    let Some(newest) = read::newest(transaction).await? else { return Ok(0) };
                    let oldest = Entity::find().filter(Column::Position.lt(newest.position));
                    let oldest = oldest.order_by_asc(Column::Position).limit(FORGET_AT_ONCE).all(transaction).await?;
                    let expired = oldest.iter().take_while(|row| row.created_at < before);
                    let Some(last) = expired.last().map(|row| row.position) else { return Ok(0) };
                    // What a webhook has not queued yet is still needed.
                    let hooks = webhook::Entity::find().filter(webhook::Column::Enabled.eq(true));
                    let behind = hooks.order_by_asc(webhook::Column::Position).one(transaction).await?;
                    let last = behind.map_or(last, |hook| last.min(hook.position));
                    let expired = Entity::delete_many().filter(Column::Position.lte(last));
                    Ok(expired.exec(transaction).await?.rows_affected)
                }
                .boxed()
            });
            if deleted.await? < FORGET_AT_ONCE {
                return Ok(());
            }
        }
    }
}
