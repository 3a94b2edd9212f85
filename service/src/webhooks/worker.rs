//! Delivers what is due: a worker for each endpoint, on the node that holds the endpoint's lease.
//!
//! ```text
//! due, no earlier one of its call pending --attempt--> noted: succeeded
//!              ^                                   |-> noted: due again later
//!              '-----------------------------------|-> noted: failed
//! ```
//!
//! Workers end when nothing is due, so an idle service asks the database once a second for each endpoint and holds no
//! lease. What is due is decided by the injected clock; how often to look, by the real one.
//!
//! A delivery waits while an earlier one of its call is pending, so an endpoint gets the events of a call in order. Up
//! to [`PARALLEL`] calls do not wait for each other. An attempt is noted after it was made: whatever crashes in between
//! delivers again, under the same `webhook-id`.

use std::{collections::HashSet, time::Duration};

use entity::{
    delivery::{self, Status},
    webhook,
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Alias, Expr, ExprTrait, Query},
};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::Webhooks;
use crate::{Error, Timestamp, lease::Lease};

/// Attempts to one endpoint at the same time.
const PARALLEL: usize = 16;
/// How often to look for what is due by the injected clock.
const BEAT: Duration = Duration::from_secs(1);

/// The deliveries that are due: for each call the first that is pending. `busy` are calls with an attempt under way.
fn due(hook: Uuid, now: Timestamp, busy: &HashSet<Uuid>, limit: usize) -> Select<delivery::Entity> {
    use delivery::{Column, Entity};
    let earlier = Alias::new("earlier");
    let of_earlier = |column: Column| Expr::col((earlier.clone(), column));
    let of_this = |column: Column| Expr::col((Entity, column));
    let waits = Query::select()
        .expr(Expr::val(1))
        .from_as(Entity, earlier.clone())
        .and_where(of_earlier(Column::CallId).eq(of_this(Column::CallId)))
        .and_where(of_earlier(Column::WebhookId).eq(of_this(Column::WebhookId)))
        .and_where(of_earlier(Column::Position).lt(of_this(Column::Position)))
        .and_where(of_earlier(Column::Status).eq(Status::Pending))
        .take();
    let mut rows = Entity::find()
        .filter(Column::WebhookId.eq(hook))
        .filter(Column::Status.eq(Status::Pending))
        .filter(Column::NextAt.lte(now))
        .filter(Expr::exists(waits).not());
    if !busy.is_empty() {
        rows = rows.filter(Column::CallId.is_not_in(busy.iter().copied()));
    }
    rows.order_by_asc(Column::NextAt).limit(audio::number::wide(limit))
}

impl Webhooks {
    /// Delivers until the service stops.
    pub(crate) async fn keep_delivering(self) {
        let mut woken = self.woken.subscribe();
        while !self.core.background.is_stopping() {
            woken.mark_unchanged();
            if let Err(error) = self.start_workers().await {
                tracing::error!(%error, "Due deliveries could not be read; the service tries again.");
            }
            let stopping = self.core.background.stopping();
            if stopping.run_until_cancelled(timeout(BEAT, woken.changed())).await.is_none() {
                return;
            }
        }
    }

    /// Starts a worker for each endpoint with something due, unless there is one, here or on another node.
    async fn start_workers(&self) -> Result<(), Error> {
        for hook in self.enabled().await? {
            let (id, now) = (hook.id, self.core.now());
            if self.is_running(id) || hook.paused_until.is_some_and(|until| now < until) {
                continue;
            }
            if due(id, now, &HashSet::new(), 1).one(self.core.database.readers()).await?.is_none() {
                continue;
            }
            if let Some(lease) = self.core.lease(format!("webhook {id}")).await? {
                self.set_running(id, true);
                let this = self.clone();
                self.core.background.spawn(async move {
                    if let Err(error) = this.work(id, lease).await {
                        tracing::error!(%error, "Due deliveries could not be read; the service tries again.");
                        this.core.background.pause(BEAT).await;
                    }
                    this.set_running(id, false);
                });
            }
        }
        Ok(())
    }

    /// Delivers to an endpoint until nothing is due, it is disabled, or the lease is lost. Attempts under way are then
    /// dropped: whoever goes on makes them again.
    ///
    /// Reads the endpoint's row in each round, so that a change of its URL, a rotation or a pause holds from the next
    /// attempt on.
    async fn work(&self, id: Uuid, lease: Lease) -> Result<(), Error> {
        let (lost, mut woken) = (lease.lost(), self.woken.subscribe());
        let (mut flying, mut busy) = (FuturesUnordered::new(), HashSet::new());
        while !lost.is_cancelled() {
            woken.mark_unchanged();
            let hook = webhook::Entity::find_by_id(id).one(self.core.database.readers()).await?;
            let Some(hook) = hook.filter(|hook| hook.enabled) else { return Ok(()) };
            let now = self.core.now();
            let most = match hook.paused_until {
                Some(until) if now < until => 0,
                Some(_) => 1,
                None => PARALLEL,
            };
            let room = most.saturating_sub(flying.len());
            if room > 0 {
                for delivery in due(id, now, &busy, room).all(self.core.database.readers()).await? {
                    if busy.insert(delivery.call_id) {
                        flying.push(self.deliver(hook.clone(), delivery));
                    }
                }
            }
            if flying.is_empty() {
                return Ok(());
            }
            tokio::select! {
                Some(call) = flying.next() => { busy.remove(&call); }
                _ = woken.changed() => {}
                () = sleep(BEAT) => {}
                () = lost.cancelled() => {}
            }
        }
        Ok(())
    }
}
