//! Webhooks and deliveries as they leave the service.

use entity::{delivery, outbox::Kind, webhook};
use sea_orm::{ActiveEnum, Iterable};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub use entity::{delivery::Status as DeliveryStatus, webhook::DisabledReason};

use crate::{Analytics, Call, Error, EventId, Metadata, Private, Timestamp, Transcript, limits::WEBHOOK_TYPES_MAX};

/// An endpoint that is told of events.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// UUIDv7.
    pub id: Uuid,
    /// Where events are posted.
    pub url: Private,
    /// What the endpoint is for.
    pub description: Option<String>,
    /// The types that it wants, groups such as `call.*` among them; `None` for all.
    pub types: Option<Vec<String>>,
    /// Whether bodies carry personal data.
    pub include_data: bool,
    /// Whether it is told of events.
    pub enabled: bool,
    /// Why the service disabled it.
    pub disabled_reason: Option<DisabledReason>,
    /// Since when every attempt fails.
    pub failing_since: Option<Timestamp>,
    /// Until when the secret before the last rotation signs too.
    pub previous_until: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl From<webhook::Model> for Webhook {
    fn from(row: webhook::Model) -> Self {
        Self {
            id: row.id,
            url: row.url,
            description: row.description,
            types: row.types.as_deref().map(restore_types),
            include_data: row.include_data,
            enabled: row.enabled,
            disabled_reason: row.disabled_reason,
            failing_since: row.failing_since,
            previous_until: row.previous_until,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// An endpoint to be created.
///
/// # Examples
///
/// ```
/// use service::NewWebhook;
///
/// let new = NewWebhook { types: Some(vec!["call.*".to_owned()]), ..NewWebhook::to("https://example.com/hooks") };
/// assert!(new.enabled && !new.include_data);
/// ```
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Where events are posted.
    pub url: Private,
    /// What the endpoint is for.
    pub description: Option<String>,
    /// The types that it wants; `None` for all.
    pub types: Option<Vec<String>>,
    /// Whether bodies carry personal data.
    pub include_data: bool,
    /// Whether it is told of events from now on.
    pub enabled: bool,
}

impl NewWebhook {
    /// An endpoint that is told of every event, without personal data.
    #[must_use]
    pub fn to(url: &str) -> Self {
        Self { url: url.into(), description: None, types: None, include_data: false, enabled: true }
    }
}

/// Changes to an endpoint. `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// Where events are posted.
    pub url: Option<Private>,
    /// What the endpoint is for; `Some(None)` removes the text.
    pub description: Option<Option<String>>,
    /// The types that it wants; `Some(None)` for all.
    pub types: Option<Option<Vec<String>>>,
    /// Whether bodies carry personal data.
    pub include_data: Option<bool>,
    /// Whether it is told of events.
    pub enabled: Option<bool>,
}

/// A webhook with its secret, which is shown when it is made and never again.
#[derive(Clone, Debug)]
pub struct WebhookSecret {
    /// The endpoint.
    pub webhook: Webhook,
    /// `whsec_` and base64.
    pub secret: Private,
}

/// An attempt to deliver an event. The database holds it as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct DeliveryAttempt {
    /// When it began.
    pub time: Timestamp,
    /// The answer's status; `None` without an answer.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// Why it failed; `None` if it did not.
    pub error: Option<String>,
    /// The first KiB of the answer.
    pub answer: Option<Private>,
}

/// An event on its way to an endpoint.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// UUIDv7.
    pub id: Uuid,
    /// The event.
    pub event: EventId,
    /// What happened.
    pub kind: Kind,
    /// The call that the event concerns.
    pub call_id: Uuid,
    /// How far the delivery is.
    pub status: DeliveryStatus,
    /// When the next attempt is due; `None` unless it is pending.
    pub next_at: Option<Timestamp>,
    /// The latest attempts, oldest first.
    pub attempts: Vec<DeliveryAttempt>,
    /// When it was queued.
    pub created_at: Timestamp,
}

impl From<delivery::Model> for Delivery {
    fn from(row: delivery::Model) -> Self {
        Self {
            id: row.id,
            event: EventId { position: row.position, time: row.event_at },
            kind: row.kind,
            call_id: row.call_id,
            next_at: Some(row.next_at).filter(|_| row.status == DeliveryStatus::Pending),
            status: row.status,
            attempts: serde_json::from_value(row.attempts).unwrap_or_default(),
            created_at: row.created_at,
        }
    }
}

/// What an event is about. It is read when the event is sent, and holds personal data.
#[derive(Clone, Debug)]
pub enum Subject {
    /// The call, of events about calls, streams and recordings.
    Call(Box<Call>),
    /// The transcripts, of events about transcripts; those that are gone are missing.
    Transcripts(Vec<Transcript>),
    /// The snapshot, of `analytics.added`.
    Analytics(Box<Analytics>),
    /// The metadata, of `metadata.updated`.
    Metadata(Box<Metadata>),
}

/// Writes a subject as a field of a body: its name and value. The API's words are not known in this crate.
pub type Describe = fn(Subject) -> Option<(&'static str, Value)>;

/// What a test of an endpoint led to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct WebhookTest {
    /// The answer's status; `None` without an answer.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// Why it failed; `None` if it did not.
    pub error: Option<String>,
}

fn is_type(wanted: &str, name: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(group) => name.starts_with(group),
        None => wanted == name,
    }
}

/// Refuses types that no event has. `None` is all of them.
///
/// # Errors
/// `Invalid`.
pub(super) fn check_types(types: Option<&[String]>) -> Result<(), Error> {
    let Some(types) = types else { return Ok(()) };
    if types.is_empty() || types.len() > WEBHOOK_TYPES_MAX {
        let detail = format!("Must have 1 to {WEBHOOK_TYPES_MAX} types. Leave it out to get events of all types.");
        return Err(Error::invalid("/types", detail));
    }
    for (index, wanted) in types.iter().enumerate() {
        let is_group = wanted.strip_suffix('*').is_none_or(|group| group.ends_with('.'));
        if !is_group || !Kind::iter().any(|kind| is_type(wanted, &kind.to_value())) {
            let names = Kind::iter().map(|kind| kind.to_value()).collect::<Vec<_>>().join(", ");
            let detail = format!("Must be a type of event, {names}, or a group such as call.*.");
            return Err(Error::invalid(format!("/types/{index}"), detail));
        }
    }
    Ok(())
}

/// Whether an endpoint with these types wants events of a kind.
pub(super) fn wants(types: Option<&[String]>, kind: Kind) -> bool {
    types.is_none_or(|types| types.iter().any(|wanted| is_type(wanted, &kind.to_value())))
}

/// As the database holds types.
pub(super) fn store_types(types: &[String]) -> String {
    types.join(",")
}

/// Reads what [`store_types`] wrote.
pub(super) fn restore_types(stored: &str) -> Vec<String> {
    stored.split(',').map(ToOwned::to_owned).collect()
}
