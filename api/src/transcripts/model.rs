//! Transcripts on the wire.

use serde::Serialize;
use service::Private;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::wire::Time;

/// An utterance of a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Transcript {
    /// The transcript's id, a UUIDv7.
    pub id: Uuid,
    /// The call's id.
    pub call_id: Uuid,
    /// The speaker.
    #[schema(value_type = String)]
    pub speaker: Private,
    /// The spoken text.
    #[schema(value_type = String)]
    pub text: Private,
    /// The recognizer's confidence, 0 to 1.
    #[schema(required)]
    pub confidence: Option<f64>,
    /// When the utterance begins: seconds since the start of the call.
    #[schema(required)]
    pub start_time: Option<f64>,
    /// When the utterance ends: seconds since the start of the call.
    #[schema(required)]
    pub end_time: Option<f64>,
    /// When the service stored it.
    pub created_at: Time,
}

impl From<service::Transcript> for Transcript {
    fn from(transcript: service::Transcript) -> Self {
        Self {
            id: transcript.id,
            call_id: transcript.call_id,
            speaker: transcript.speaker,
            text: transcript.text,
            confidence: transcript.confidence,
            start_time: transcript.start_time,
            end_time: transcript.end_time,
            created_at: Time(transcript.created_at),
        }
    }
}

impl Transcript {
    /// What an agent says first.
    #[must_use]
    pub(crate) fn sample() -> Self {
        Self {
            id: Uuid::from_u128(0x0190_5f3c_3a11_7e33_9f60_7c8d_9e0f_1021),
            call_id: Uuid::from_u128(0x0190_5f3c_2b7a_7c11_9d4e_5a6b_7c8d_9e0f),
            speaker: "agent".into(),
            text: "Welcome to Luigi's. What would you like to order?".into(),
            confidence: Some(0.98),
            start_time: Some(0.5),
            end_time: Some(3.77),
            created_at: Time::sample_after(4),
        }
    }
}
