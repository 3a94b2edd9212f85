//! Events of the store on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::{OutboxEvent, OutboxKind};
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};
use uuid::Uuid;

use crate::wire::{Time, free_form, same_variants};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum StoreEventType {
    #[serde(rename = "call.started")]
    CallStarted,
    #[serde(rename = "call.updated")]
    CallUpdated,
    #[serde(rename = "call.ended")]
    CallEnded,
    #[serde(rename = "call.completed")]
    CallCompleted,
    #[serde(rename = "call.failed")]
    CallFailed,
    #[serde(rename = "call.deleted")]
    CallDeleted,
    #[serde(rename = "recording.ready")]
    RecordingReady,
    #[serde(rename = "recording.redacted")]
    RecordingRedacted,
    #[serde(rename = "recording.deleted")]
    RecordingDeleted,
    #[serde(rename = "transcript.added")]
    TranscriptAdded,
    #[serde(rename = "transcript.updated")]
    TranscriptUpdated,
    #[serde(rename = "analytics.added")]
    AnalyticsAdded,
    #[serde(rename = "analytics.computed")]
    AnalyticsComputed,
    #[serde(rename = "metadata.updated")]
    MetadataUpdated,
    #[serde(rename = "stream.connected")]
    StreamConnected,
    #[serde(rename = "stream.disconnected")]
    StreamDisconnected,
}

same_variants!(
    StoreEventType,
    OutboxKind,
    [
        CallStarted,
        CallUpdated,
        CallEnded,
        CallCompleted,
        CallFailed,
        CallDeleted,
        RecordingReady,
        RecordingRedacted,
        RecordingDeleted,
        TranscriptAdded,
        TranscriptUpdated,
        AnalyticsAdded,
        AnalyticsComputed,
        MetadataUpdated,
        StreamConnected,
        StreamDisconnected
    ]
);

impl StoreEventType {
    /// All of them.
    pub(super) const ALL: [Self; 16] = [
        Self::CallStarted,
        Self::CallUpdated,
        Self::CallEnded,
        Self::CallCompleted,
        Self::CallFailed,
        Self::CallDeleted,
        Self::RecordingReady,
        Self::RecordingRedacted,
        Self::RecordingDeleted,
        Self::TranscriptAdded,
        Self::TranscriptUpdated,
        Self::AnalyticsAdded,
        Self::AnalyticsComputed,
        Self::MetadataUpdated,
        Self::StreamConnected,
        Self::StreamDisconnected,
    ];

    /// The name on the wire.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::CallStarted => "call.started",
            Self::CallUpdated => "call.updated",
            Self::CallEnded => "call.ended",
            Self::CallCompleted => "call.completed",
            Self::CallFailed => "call.failed",
            Self::CallDeleted => "call.deleted",
            Self::RecordingReady => "recording.ready",
            Self::RecordingRedacted => "recording.redacted",
            Self::RecordingDeleted => "recording.deleted",
            Self::TranscriptAdded => "transcript.added",
            Self::TranscriptUpdated => "transcript.updated",
            Self::AnalyticsAdded => "analytics.added",
            Self::AnalyticsComputed => "analytics.computed",
            Self::MetadataUpdated => "metadata.updated",
            Self::StreamConnected => "stream.connected",
            Self::StreamDisconnected => "stream.disconnected",
        }
    }
}

/// Something that happened to a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    /// The event's id. Follow the store after it with `after`.
    pub id: Uuid,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: StoreEventType,
    /// When it happened.
    pub time: Time,
    /// The call's id.
    pub call_id: Uuid,
    /// The call's `streamSid`. Null once the call is deleted.
    #[schema(required)]
    pub stream_sid: Option<String>,
    /// Ids and states, such as `recordingId` and `status`.
    #[schema(schema_with = data_schema)]
    pub data: Value,
}

fn data_schema() -> RefOr<Schema> {
    free_form("Ids and states, such as `recordingId` and `status`; never personal data.", Event::sample().data)
}

impl From<&OutboxEvent> for Event {
    fn from(event: &OutboxEvent) -> Self {
        Self {
            id: event.id.as_uuid(),
            event_type: event.kind.into(),
            time: Time(event.id.time),
            call_id: event.call_id,
            stream_sid: event.stream_sid.clone(),
            data: event.data.clone(),
        }
    }
}

impl Event {
    pub(crate) fn sample() -> Self {
        Self {
            id: Uuid::from_u128(0x019b_7ca0_4dae_7000_8000_0000_0000_002a),
            event_type: StoreEventType::RecordingReady,
            time: Time::SAMPLE,
            call_id: Uuid::from_u128(0x0190_5f3c_2b7a_7c11_9d4e_5f60_7182_93a4),
            stream_sid: Some("MZ18ad3ab5a668481ce02b83e7395059f0".to_owned()),
            data: json!({ "recordingId": "01905f3c-a4f1-7d22-8e5f-6b7c8d9e0f10" }),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_wire_has() {
        for event_type in StoreEventType::ALL {
            assert_eq!(serde_json::to_value(event_type).unwrap(), event_type.name());
        }
    }
}
