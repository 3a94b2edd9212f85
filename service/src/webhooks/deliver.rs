//! One delivery: its body, the attempt, and what is noted of it.
//!
//! ```text
//!              2xx: succeeded
//! pending ---> 410: failed, and the endpoint is disabled
//!    ^    '--> else: tries + 1, due again by the plan or after Retry-After; failed after the last try
//!    '--- retry or replay by an admin, from any status: tries = 0, due at once
//! ```
//!
//! Between the attempt and its note the service may crash, and then makes the attempt again. The other order would lose
//! events: a note without an attempt.
//!
//! The endpoint's own state changes in the same transaction as the delivery's: since when it fails, and until when it
//! asked to be left alone. On several nodes the latest note wins; each is true at its time.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use entity::{
    delivery,
    outbox::Kind,
    webhook::{self, DisabledReason},
};
use futures_util::FutureExt;
use sea_orm::{ActiveEnum, ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    DeliveryAttempt, DeliveryStatus, Webhooks,
    plan::pause_ms,
    send::{Message, Reply},
    signature::{seconds, sign},
    target,
};
use crate::{Error, EventId, Timestamp, crash, policy::milliseconds};

/// An endpoint whose every attempt failed for this long is disabled.
const DISABLED_AFTER: Duration = Duration::from_hours(5 * 24);
/// How long an endpoint that is overloaded is left alone if it does not say.
const PAUSE: Duration = Duration::from_secs(30);
/// The standard's limit of a body, in bytes. A body that would reach it is sent without the event's subject.
const BODY_MAX: usize = 20_000;
/// Attempts that a delivery remembers: a whole plan, and some by hand.
const ATTEMPTS_MAX: usize = 20;
/// How long to wait when an attempt could not be made or noted.
const TROUBLE: Duration = Duration::from_secs(1);

impl Webhooks {
    /// A message's body.
    pub(super) fn body(&self, kind: &str, time: Timestamp, data: Value) -> String {
        json!({ "type": kind, "timestamp": rfc3339(time), "data": data }).to_string()
    }

    /// Signs a body with the endpoint's secrets of this moment, and sends it. Each attempt has its own timestamp, so
    /// its signature differs from that of the attempt before.
    pub(super) async fn attempt(&self, hook: &webhook::Model, id: String, body: String) -> Result<Reply, Error> {
        // The operator may have changed what is allowed since the URL was set.
        let Ok(target) = target::read(hook.url.expose(), &self.sender.guard) else { return Ok(Reply::not_allowed()) };
        let now = self.core.now();
        let secrets = self.secrets(hook, now).await?;
        let signature = sign(&secrets, &id, now, body.as_bytes())?;
        self.sender.send(&target, Message { id, seconds: seconds(now), signature, body }, now).await
    }

    /// Makes an attempt and notes it. Returns the call, which is then free for its next event.
    pub(super) async fn deliver(&self, hook: webhook::Model, delivery: delivery::Model) -> Uuid {
        let (id, call) = (delivery.id, delivery.call_id);
        if let Err(error) = self.try_deliver(hook, delivery).await {
            tracing::error!(%error, delivery = %id, "A delivery could not be made or noted; the service tries again.");
            self.core.background.pause(TROUBLE).await;
        }
        call
    }

    /// The attempt itself. An error means that this service could not do its part, and nothing is noted of it.
    async fn try_deliver(&self, hook: webhook::Model, delivery: delivery::Model) -> Result<(), Error> {
        let call = self.outbox.stream_sid(delivery.call_id).await?;
        let is_deletion = delivery.kind == Kind::CallDeleted;
        if call.is_none() && !is_deletion {
            // Its call was deleted while it was queued.
            return self.drop_delivery(delivery.id).await;
        }
        let mut data = Map::new();
        data.insert("callId".to_owned(), json!(delivery.call_id));
        data.insert("streamSid".to_owned(), json!(call.flatten()));
        if let Value::Object(more) = delivery.data.clone() {
            data.extend(more);
        }
        let write = |data| self.body(&delivery.kind.to_value(), delivery.event_at, Value::Object(data));
        let mut body = write(data.clone());
        if hook.include_data
            && let Some((name, subject)) = self.described(&delivery).await?
        {
            data.insert(name.to_owned(), subject);
            let whole = write(data);
            if whole.len() < BODY_MAX {
                body = whole;
            }
        }
        let event = EventId { position: delivery.position, time: delivery.event_at };
        let began = self.core.now();
        let reply = self.attempt(&hook, event.as_uuid().to_string(), body).await?;
        crash::point("webhook.sent");
        self.note(hook.id, delivery.id, began, reply).await
    }

    /// Deletes a delivery that must not be made any more.
    async fn drop_delivery(&self, id: Uuid) -> Result<(), Error> {
        let dropped = self.core.write(None, 0, move |batch| {
            async move { Ok(delivery::Entity::delete_by_id(id).exec(batch.transaction()).await?) }.boxed()
        });
        dropped.await.map(drop)
    }

    /// Notes an attempt, and what follows from it for the delivery and for the endpoint. If either was deleted
    /// meanwhile, nothing is noted.
    async fn note(&self, hook: Uuid, id: Uuid, began: Timestamp, reply: Reply) -> Result<(), Error> {
        let (now, success, status) = (self.core.now(), reply.is_success(), reply.status);
        let noted = self.core.write(None, 2048, move |batch| {
            async move {
                let transaction = batch.transaction();
                let row = delivery::Entity::find_by_id(id).one(transaction).await?;
                let endpoint = webhook::Entity::find_by_id(hook).one(transaction).await?;
                let (Some(mut row), Some(endpoint)) = (row, endpoint) else { return Ok(None) };
                follow(&mut row, &reply, began, now)?;
                let (changed, disabled) = endpoint_after(&endpoint, &reply, now);
                delivery::Entity::update(row.into_active_model().reset_all()).exec(transaction).await?;
                if changed != endpoint {
                    webhook::Entity::update(changed.into_active_model().reset_all()).exec(transaction).await?;
                }
                Ok(disabled)
            }
            .boxed()
        });
        let disabled = noted.await?;
        let outcome = if success { "succeeded" } else { "failed" };
        metrics::counter!("callstore_webhook_attempts_total", "outcome" => outcome).increment(1);
        if let Some(reason) = disabled {
            let reason = reason.to_value();
            tracing::warn!(webhook = %hook, reason, status, "A webhook was disabled, since its endpoint does not work.");
        }
        Ok(())
    }
}

/// A time as the API writes it.
fn rfc3339(time: Timestamp) -> String {
    let time = DateTime::<Utc>::from_timestamp_millis(time.0).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// What follows from an attempt for the delivery.
fn follow(row: &mut delivery::Model, reply: &Reply, began: Timestamp, now: Timestamp) -> Result<(), Error> {
    let mut attempts: Vec<DeliveryAttempt> = serde_json::from_value(row.attempts.take()).unwrap_or_default();
    attempts.push(DeliveryAttempt {
        time: began,
        status: reply.status,
        duration_ms: reply.duration_ms,
        error: reply.error.map(ToOwned::to_owned),
        answer: reply.answer.clone().map(Into::into),
    });
    attempts.drain(..attempts.len().saturating_sub(ATTEMPTS_MAX));
    row.attempts = serde_json::to_value(attempts).map_err(|_| Error::Damaged("the attempts of a delivery"))?;
    if reply.is_success() {
        row.status = DeliveryStatus::Succeeded;
        return Ok(());
    }
    row.tries = row.tries.saturating_add(1);
    match pause_ms(row.tries)? {
        Some(pause) if reply.status != Some(410) => {
            let pause = pause.max(reply.retry_after_s.unwrap_or(0) * 1000);
            row.next_at = Timestamp(now.0.saturating_add(pause));
        }
        Some(_) | None => row.status = DeliveryStatus::Failed,
    }
    Ok(())
}

/// What follows from an attempt for the endpoint, and why it is disabled, if so.
fn endpoint_after(before: &webhook::Model, reply: &Reply, now: Timestamp) -> (webhook::Model, Option<DisabledReason>) {
    let mut after = before.clone();
    if reply.is_success() {
        (after.failing_since, after.paused_until) = (None, None);
        return (after, None);
    }
    let since = *after.failing_since.get_or_insert(now);
    if matches!(reply.status, Some(429 | 502 | 504)) {
        let pause = reply.retry_after_s.map_or(milliseconds(PAUSE), |seconds| seconds * 1000);
        after.paused_until = Some(Timestamp(now.0.saturating_add(pause)).max(after.paused_until.unwrap_or(now)));
    }
    let reason = if reply.status == Some(410) {
        DisabledReason::Gone
    } else if now.0.saturating_sub(since.0) >= milliseconds(DISABLED_AFTER) {
        DisabledReason::Failing
    } else {
        return (after, None);
    };
    let newly = after.enabled;
    if newly {
        (after.enabled, after.disabled_reason, after.updated_at) = (false, Some(reason), now);
    }
    (after, newly.then_some(reason))
}
