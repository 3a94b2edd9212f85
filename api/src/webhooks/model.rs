//! Webhooks and deliveries on the wire.

use serde::{Deserialize, Serialize};
use service::Private;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    outbox::model::StoreEventType,
    wire::{Time, same_variants},
};

/// Why the service disabled a webhook: it answered 410 (`gone`), or all attempts of 5 days failed (`failing`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DisabledReason {
    /// It answered 410.
    Gone,
    /// All attempts of 5 days failed.
    Failing,
}

same_variants!(DisabledReason, service::DisabledReason, [Gone, Failing]);

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryStatus {
    /// Another attempt is due.
    Pending,
    /// The endpoint accepted it.
    Succeeded,
    /// No more attempts are made.
    Failed,
}

same_variants!(DeliveryStatus, service::DeliveryStatus, [Pending, Succeeded, Failed]);

/// An endpoint that is told of events.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Webhook {
    /// The webhook's id, a UUIDv7.
    pub id: Uuid,
    /// Where events are posted.
    #[schema(value_type = String)]
    pub url: Private,
    /// What the endpoint is for.
    #[schema(required)]
    pub description: Option<String>,
    /// The types of events that it gets; null for all.
    #[schema(required)]
    pub types: Option<Vec<String>>,
    /// Whether bodies carry personal data of the event's subject.
    pub include_data: bool,
    /// Whether events are delivered.
    pub enabled: bool,
    /// Why the service disabled it; null if it did not.
    #[schema(required, inline)]
    pub disabled_reason: Option<DisabledReason>,
    /// Since when every attempt fails.
    #[schema(required)]
    pub failing_since: Option<Time>,
    /// Until when the secret before the last rotation signs too.
    #[schema(required)]
    pub previous_secret_until: Option<Time>,
    /// When it was created.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

impl From<service::Webhook> for Webhook {
    fn from(webhook: service::Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url,
            description: webhook.description,
            types: webhook.types,
            include_data: webhook.include_data,
            enabled: webhook.enabled,
            disabled_reason: webhook.disabled_reason.map(Into::into),
            failing_since: webhook.failing_since.map(Time),
            previous_secret_until: webhook.previous_until.map(Time),
            created_at: Time(webhook.created_at),
            updated_at: Time(webhook.updated_at),
        }
    }
}

impl Webhook {
    pub(super) fn sample() -> Self {
        Self {
            id: Uuid::from_u128(0x0190_5f3c_5d10_7f31_8b5a_2c3d_4e5f_6071),
            url: "https://crm.example.com/hooks/callstore".into(),
            description: Some("CRM".to_owned()),
            types: Some(vec!["call.*".to_owned(), "recording.ready".to_owned()]),
            include_data: false,
            enabled: true,
            disabled_reason: None,
            failing_since: None,
            previous_secret_until: None,
            created_at: Time::SAMPLE,
            updated_at: Time::SAMPLE,
        }
    }
}

/// A webhook with its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookWithSecret {
    /// The stored part.
    #[serde(flatten)]
    kept: Webhook,
    /// The secret that signs deliveries, `whsec_` and base64. The service shows it only here.
    #[schema(value_type = String)]
    secret: Private,
}

impl From<service::WebhookSecret> for WebhookWithSecret {
    fn from(made: service::WebhookSecret) -> Self {
        Self { kept: made.webhook.into(), secret: made.secret }
    }
}

impl WebhookWithSecret {
    pub(super) fn sample() -> Self {
        Self { kept: Webhook::sample(), secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=".into() }
    }
}

/// An attempt to deliver an event.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryAttempt {
    /// When it began.
    pub time: Time,
    /// The answer's status; null without an answer.
    #[schema(required)]
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// Why it failed.
    #[schema(required)]
    pub error: Option<String>,
    /// The first KiB of the answer.
    #[schema(required, value_type = Option<String>)]
    pub answer: Option<Private>,
}

impl From<service::DeliveryAttempt> for DeliveryAttempt {
    fn from(attempt: service::DeliveryAttempt) -> Self {
        Self {
            time: Time(attempt.time),
            status: attempt.status,
            duration_ms: attempt.duration_ms,
            error: attempt.error,
            answer: attempt.answer,
        }
    }
}

/// An event on its way to an endpoint.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivery {
    /// The delivery's id, a UUIDv7.
    pub id: Uuid,
    /// The event's id, and the `webhook-id` of every attempt.
    pub event_id: Uuid,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: StoreEventType,
    /// The call that the event concerns.
    pub call_id: Uuid,
    /// How far the delivery is.
    pub status: DeliveryStatus,
    /// When the next attempt is due; null unless pending.
    #[schema(required)]
    pub next_attempt_at: Option<Time>,
    /// The latest 20 attempts, the oldest first.
    pub attempts: Vec<DeliveryAttempt>,
    /// When it was queued.
    pub created_at: Time,
}

impl From<service::Delivery> for Delivery {
    fn from(delivery: service::Delivery) -> Self {
        Self {
            id: delivery.id,
            event_id: delivery.event.as_uuid(),
            event_type: delivery.kind.into(),
            call_id: delivery.call_id,
            status: delivery.status.into(),
            next_attempt_at: delivery.next_at.map(Time),
            attempts: delivery.attempts.into_iter().map(Into::into).collect(),
            created_at: Time(delivery.created_at),
        }
    }
}

impl Delivery {
    pub(super) fn sample() -> Self {
        Self {
            id: Uuid::from_u128(0x0190_5f3c_61f4_7a02_9c6b_3d4e_5f60_7182),
            event_id: Uuid::from_u128(0x019b_7ca0_4dae_7000_8000_0000_0000_002a),
            event_type: StoreEventType::RecordingReady,
            call_id: Uuid::from_u128(0x0190_5f3c_2b7a_7c11_9d4e_5f60_7182_93a4),
            status: DeliveryStatus::Pending,
            next_attempt_at: Some(Time::sample_after(5)),
            attempts: vec![DeliveryAttempt {
                time: Time::SAMPLE,
                status: Some(503),
                duration_ms: 41,
                error: Some("The endpoint did not answer with a 2xx status.".to_owned()),
                answer: Some("maintenance".into()),
            }],
            created_at: Time::SAMPLE,
        }
    }
}
