//! From the outbox to deliveries: one row for each event and endpoint that wants it.
//!
//! An endpoint's row holds its place in the outbox. Events after the place become deliveries in the transaction that
//! moves the place, on the condition that nobody has moved it: so each event is queued once, whatever crashes, and
//! whichever nodes do this at the same time. The outbox keeps expired events until every endpoint's place is behind
//! them ([`first_needed`]).

use std::time::Duration;

use entity::{
    delivery::{ActiveModel, Column, Entity, Status},
    webhook,
};
use futures_util::FutureExt;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use serde_json::json;
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    Webhooks,
    model::{restore_types, wants},
};
use crate::{Error, OutboxEvent, Timestamp};

/// How many events are queued per transaction.
pub(super) const AT_ONCE: u64 = 500;
/// How often to look without a hint, and the shortest pause with one: it gathers events.
const BEAT: Duration = Duration::from_secs(1);
const GATHER: Duration = Duration::from_millis(20);

/// The rows of events for an endpoint: pending, and due at once. They hold a copy of the event's data, since the outbox
/// keeps it for 72 hours only, and a delivery may be retried for longer.
pub(super) fn rows(
    hook: Uuid,
    events: &[OutboxEvent],
    now: Timestamp,
    mut id: impl FnMut() -> Uuid,
) -> Vec<ActiveModel> {
    let row = |event: &OutboxEvent| ActiveModel {
        id: Set(id()),
        webhook_id: Set(hook),
        position: Set(event.id.position),
        event_at: Set(event.id.time),
        kind: Set(event.kind),
        call_id: Set(event.call_id),
        data: Set(event.data.clone()),
        status: Set(Status::Pending),
        tries: Set(0),
        next_at: Set(now),
        attempts: Set(json!([])),
        created_at: Set(now),
    };
    events.iter().map(row).collect()
}

impl Webhooks {
    /// The endpoints that are told of events.
    pub(super) async fn enabled(&self) -> Result<Vec<webhook::Model>, Error> {
        let enabled = webhook::Entity::find().filter(webhook::Column::Enabled.eq(true));
        Ok(enabled.all(self.core.database.readers()).await?)
    }

    /// Queues what happens until the service stops.
    pub(crate) async fn keep_queueing(self) {
        let mut newest = self.outbox.newest();
        while !self.core.background.is_stopping() {
            newest.mark_unchanged();
            if let Err(error) = self.queue_new().await {
                tracing::error!(%error, "Events could not be queued for webhooks; the service tries again.");
            }
            if !self.core.background.pause(GATHER).await {
                return;
            }
            let changed = self.core.background.stopping();
            if changed.run_until_cancelled(timeout(BEAT, newest.changed())).await.is_none() {
                return;
            }
        }
    }

    /// Queues what came since the last time. On several nodes one does so; that two do it at once is harmless, but
    /// wastes the work of one.
    async fn queue_new(&self) -> Result<(), Error> {
        let newest = *self.outbox.newest().borrow();
        let behind: Vec<_> = self.enabled().await?.into_iter().filter(|hook| hook.position < newest).collect();
        if behind.is_empty() || !self.core.has_lease("webhooks").await? {
            return Ok(());
        }
        for hook in behind {
            self.queue_for(hook).await?;
        }
        Ok(())
    }

    /// Queues all events after an endpoint's place.
    async fn queue_for(&self, hook: webhook::Model) -> Result<(), Error> {
        use webhook::{Column, Entity};
        let (id, mut position) = (hook.id, hook.position);
        let types = hook.types.as_deref().map(restore_types);
        loop {
            let events = self.outbox.after(position, AT_ONCE).await?;
            let Some(last) = events.last().map(|event| event.id.position) else { return Ok(()) };
            let wanted: Vec<_> = events.into_iter().filter(|event| wants(types.as_deref(), event.kind)).collect();
            let rows = rows(id, &wanted, self.core.now(), || self.core.ids.next());
            let moved = self.core.write(None, rows.len() * 256, move |batch| {
                async move {
                    let moved = Entity::update_many()
                        .col_expr(Column::Position, Expr::value(last))
                        .filter(Column::Id.eq(id))
                        .filter(Column::Position.eq(position))
                        .filter(Column::Enabled.eq(true));
                    if moved.exec(batch.transaction()).await?.rows_affected == 0 {
                        return Ok(false);
                    }
                    insert(batch.transaction(), rows).await?;
                    Ok(true)
                }
                .boxed()
            });
            if !moved.await? {
                return Ok(());
            }
            crate::crash::point("webhook.queued");
            position = last;
            self.wake();
        }
    }
}

/// Inserts rows; an event that is queued already stays as it is.
async fn insert(connection: &impl sea_orm::ConnectionTrait, rows: Vec<ActiveModel>) -> Result<(), Error> {
    // SQLite takes 32,766 values in a statement.
    for slice in rows.chunks(200) {
        let once = OnConflict::columns([Column::WebhookId, Column::Position]).do_nothing().to_owned();
        Entity::insert_many(slice.to_vec()).on_conflict(once).exec_without_returning(connection).await?;
    }
    Ok(())
}

/// Inserts rows; an event that is queued already and no longer pending is queued again. Returns how many there are now.
pub(super) async fn insert_again(
    connection: &impl sea_orm::ConnectionTrait,
    rows: Vec<ActiveModel>,
    now: Timestamp,
) -> Result<u64, Error> {
    let mut queued = 0;
    for slice in rows.chunks(200) {
        let again = OnConflict::columns([Column::WebhookId, Column::Position])
            .value(Column::Status, Expr::value(Status::Pending))
            .value(Column::Tries, Expr::value(0))
            .value(Column::NextAt, Expr::value(now))
            .to_owned();
        queued += Entity::insert_many(slice.to_vec()).on_conflict(again).exec_without_returning(connection).await?;
    }
    Ok(queued)
}
