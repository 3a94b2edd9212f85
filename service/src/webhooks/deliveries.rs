//! What admins see of deliveries and do with them: lists, tests, retries, replays; and how long they are kept.

use std::time::Duration;

use entity::{
    delivery::{Column, Entity, Status},
    webhook,
};
use futures_util::FutureExt;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use uuid::Uuid;

use super::{
    Delivery, DeliveryStatus, WebhookTest, Webhooks,
    model::{check_types, restore_types, wants},
    queue::{AT_ONCE, insert_again, rows},
};
use crate::{Error, Idempotency, Slice, Timestamp, policy::milliseconds};

/// How long deliveries are kept, whatever became of them.
const KEPT: Duration = Duration::from_hours(7 * 24);
/// How often expired ones are deleted, and how many per transaction.
const FORGET_EVERY: Duration = Duration::from_mins(1);
const FORGET_AT_ONCE: u64 = 500;

impl Webhooks {
    /// Deliveries to an endpoint, the latest first: up to `limit` that were queued before the one with the id `before`.
    ///
    /// # Errors
    /// `WebhookNotFound`, or a failing database.
    pub async fn deliveries(
        &self,
        id: Uuid,
        status: Option<DeliveryStatus>,
        before: Option<Uuid>,
        limit: u64,
    ) -> Result<Slice<Delivery>, Error> {
        self.get(id).await?;
        let mut rows = Entity::find().filter(Column::WebhookId.eq(id)).order_by_desc(Column::Id).limit(limit + 1);
        if let Some(status) = status {
            rows = rows.filter(Column::Status.eq(status));
        }
        if let Some(before) = before {
            rows = rows.filter(Column::Id.lt(before));
        }
        Ok(Slice::cut(rows.all(self.core.database.readers()).await?, limit))
    }

    /// Queues a delivery again, to be attempted at once and then by the whole plan.
    ///
    /// # Errors
    /// `WebhookNotFound`, `DeliveryNotFound`, `WebhookDisabled`, or a failing database.
    pub async fn retry(&self, id: Uuid, delivery: Uuid, idempotency: Option<&Idempotency>) -> Result<Delivery, Error> {
        let (now, idempotency) = (self.core.now(), idempotency.cloned());
        let retried = self.core.write(None, 0, move |batch| {
            async move {
                if let Some(before) = batch.recall(idempotency.as_ref()).await? {
                    return Ok(before);
                }
                let transaction = batch.transaction();
                let hook = webhook::Entity::find_by_id(id).one(transaction).await?.ok_or(Error::WebhookNotFound)?;
                let row = Entity::find_by_id(delivery).filter(Column::WebhookId.eq(id)).one(transaction).await?;
                let mut row = row.ok_or(Error::DeliveryNotFound)?;
                if !hook.enabled {
                    return Err(Error::WebhookDisabled);
                }
                (row.status, row.tries, row.next_at) = (Status::Pending, 0, now);
                let row = Entity::update(row.into_active_model().reset_all()).exec(transaction).await?;
                batch.record(idempotency.as_ref(), Some(row.call_id), &row)?;
                Ok(row)
            }
            .boxed()
        });
        let retried: entity::delivery::Model = retried.await?;
        let retried = retried.into();
        self.wake();
        Ok(retried)
    }

    /// Queues all events since a time again, as far as the service still has them (72 hours). Events that are pending
    /// stay so. `types` are those of the endpoint unless given. Returns how many are queued.
    ///
    /// # Errors
    /// `WebhookNotFound`, `WebhookDisabled`, `Invalid`, or a failing database.
    pub async fn replay(
        &self,
        id: Uuid,
        since: Timestamp,
        types: Option<Vec<String>>,
        idempotency: Option<&Idempotency>,
    ) -> Result<u64, Error> {
        check_types(types.as_deref())?;
        if let Some(before) = self.recalled(idempotency).await? {
            return Ok(before);
        }
        let readers = self.core.database.readers();
        let hook = webhook::Entity::find_by_id(id).one(readers).await?.ok_or(Error::WebhookNotFound)?;
        if !hook.enabled {
            return Err(Error::WebhookDisabled);
        }
        let types = types.or_else(|| hook.types.as_deref().map(restore_types));
        let (now, mut queued, mut position) = (self.core.now(), 0, 0);
        loop {
            let events = self.outbox.after(position, AT_ONCE).await?;
            let Some(last) = events.last() else { break };
            position = last.id.position;
            let wanted = |event: &crate::OutboxEvent| event.id.time >= since && wants(types.as_deref(), event.kind);
            let events: Vec<_> = events.into_iter().filter(wanted).collect();
            let rows = rows(id, &events, now, || self.core.ids.next());
            if !rows.is_empty() {
                let again = self.core.write(None, rows.len() * 256, move |batch| {
                    async move { insert_again(batch.transaction(), rows, now).await }.boxed()
                });
                queued += again.await?;
                self.wake();
            }
        }
        self.recorded(idempotency, queued).await
    }

    /// Sends an event of type `webhook.test`, once, also to an endpoint that is disabled. Nothing is stored of it.
    ///
    /// # Errors
    /// `WebhookNotFound`, or a failing database.
    pub async fn test(&self, id: Uuid, idempotency: Option<&Idempotency>) -> Result<WebhookTest, Error> {
        if let Some(before) = self.recalled(idempotency).await? {
            return Ok(before);
        }
        let hook = webhook::Entity::find_by_id(id).one(self.core.database.readers()).await?;
        let hook = hook.ok_or(Error::WebhookNotFound)?;
        let data = json!({ "webhookId": id });
        let message_id = self.core.ids.next().to_string();
        let body = self.body("webhook.test", self.core.now(), data);
        let reply = self.attempt(&hook, message_id, body).await?;
        let (status, duration_ms) = (reply.status, reply.duration_ms);
        let test = WebhookTest { status, duration_ms, error: reply.error.map(ToOwned::to_owned) };
        self.recorded(idempotency, test).await
    }

    /// The outcome of an earlier request with the same name, for work that does not fit into a transaction.
    async fn recalled<T>(&self, idempotency: Option<&Idempotency>) -> Result<Option<T>, Error>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let Some(idempotency) = idempotency.cloned() else { return Ok(None) };
        self.core.write(None, 0, |batch| async move { batch.recall(Some(&idempotency)).await }.boxed()).await
    }

    /// Keeps the outcome of such work.
    async fn recorded<T>(&self, idempotency: Option<&Idempotency>, outcome: T) -> Result<T, Error>
    where
        T: Serialize + Send + 'static,
    {
        let Some(idempotency) = idempotency.cloned() else { return Ok(outcome) };
        let recorded = self.core.write(None, 0, |batch| {
            async move {
                batch.record(Some(&idempotency), None, &outcome)?;
                Ok(outcome)
            }
            .boxed()
        });
        recorded.await
    }

    /// Deletes expired deliveries periodically until the service stops.
    pub(crate) async fn keep_forgetting(self) {
        loop {
            if let Err(error) = self.forget().await {
                tracing::error!(%error, "Expired deliveries could not be deleted; the service tries again.");
            }
            if !self.core.background.pause(FORGET_EVERY).await {
                return;
            }
        }
    }

    /// Deletes deliveries that are older than they are kept, endpoint by endpoint from the oldest on. Pending ones are
    /// among them only if their endpoint was disabled for days.
    async fn forget(&self) -> Result<(), Error> {
        let hooks = webhook::Entity::find().all(self.core.database.readers()).await?;
        if hooks.is_empty() || !self.core.has_lease("webhooks").await? {
            return Ok(());
        }
        let before = Timestamp(self.core.now().0.saturating_sub(milliseconds(KEPT)));
        for hook in hooks {
            loop {
                let oldest = Entity::find().filter(Column::WebhookId.eq(hook.id)).order_by_asc(Column::Id);
                let oldest = oldest.limit(FORGET_AT_ONCE).all(self.core.database.readers()).await?;
                let expired = oldest.into_iter().take_while(|row| row.created_at < before).map(|row| row.id);
                let expired: Vec<Uuid> = expired.collect();
                if expired.is_empty() {
                    break;
                }
                let rows = Entity::delete_many().filter(Column::Id.is_in(expired));
                let deleted = self.core.write(None, 0, |batch| {
                    async move { Ok(rows.exec(batch.transaction()).await?.rows_affected) }.boxed()
                });
                deleted.await?;
                self.core.note_deleted();
            }
        }
        Ok(())
    }
}
