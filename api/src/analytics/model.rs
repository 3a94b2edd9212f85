//! Analytics on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};
use uuid::Uuid;

use crate::wire::{Time, free_form, object, same_variants};

/// The sentiment of a call.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sentiment {
    Positive,
    Neutral,
    Negative,
}

same_variants!(Sentiment, service::Sentiment, [Positive, Neutral, Negative]);

/// An analytics snapshot of a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Analytics {
    /// The snapshot's id, a UUIDv7.
    pub id: Uuid,
    /// The call's id.
    pub call_id: Uuid,
    /// The sentiment.
    #[schema(required)]
    pub sentiment: Option<Sentiment>,
    /// The strength of the sentiment, 0 to 1.
    #[schema(required)]
    pub sentiment_score: Option<f64>,
    /// Seconds of speech.
    #[schema(required)]
    pub talk_time: Option<f64>,
    /// Seconds of silence.
    #[schema(required)]
    pub silence_time: Option<f64>,
    /// How often one side interrupted the other.
    #[schema(required)]
    pub interruptions: Option<u32>,
    /// The agent's mean response time in milliseconds.
    #[schema(required)]
    pub average_latency: Option<f64>,
    /// A JSON object with your own figures.
    #[schema(required, value_type = Option<Metrics>)]
    pub metrics: Option<Map<String, Value>>,
    /// The time that the figures describe.
    pub snapshot_time: Time,
    /// When the service stored it.
    pub created_at: Time,
    /// The id of the key that wrote it, after `token:` if by a call token. Null without a key.
    #[schema(required)]
    pub created_by: Option<String>,
}

/// The schema of `metrics`.
pub(crate) struct Metrics;

impl PartialSchema for Metrics {
    fn schema() -> RefOr<Schema> {
        free_form("Any JSON object, at most 64 KiB and 16 levels deep.", json!({ "tokens": 412 }))
    }
}

impl ToSchema for Metrics {}

impl From<service::Analytics> for Analytics {
    fn from(analytics: service::Analytics) -> Self {
        Self {
            id: analytics.id,
            call_id: analytics.call_id,
            sentiment: analytics.sentiment.map(Into::into),
            sentiment_score: analytics.sentiment_score,
            talk_time: analytics.talk_time,
            silence_time: analytics.silence_time,
            interruptions: analytics.interruptions,
            average_latency: analytics.average_latency_ms,
            metrics: object(analytics.metrics),
            snapshot_time: Time(analytics.snapshot_time),
            created_at: Time(analytics.created_at),
            created_by: analytics.created_by,
        }
    }
}

impl Analytics {
    /// A snapshot in the middle of a call.
    #[must_use]
    pub(crate) fn sample() -> Self {
        Self {
            id: Uuid::from_u128(0x0190_5f3c_5c22_7f44_a071_8d9e_0f10_2132),
            call_id: Uuid::from_u128(0x0190_5f3c_2b7a_7c11_9d4e_5a6b_7c8d_9e0f),
            sentiment: Some(Sentiment::Positive),
            sentiment_score: Some(0.82),
            talk_time: Some(18.4),
            silence_time: Some(2.1),
            interruptions: Some(1),
            average_latency: Some(640.0),
            metrics: object(Some(json!({ "tokens": 412 }))),
            snapshot_time: Time::sample_after(20),
            created_at: Time::sample_after(20),
            created_by: None,
        }
    }
}
