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

/// Declares the types of events with their names on the wire, each once.
macro_rules! types {
    ($($variant:ident $name:tt),+ $(,)?) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        pub enum StoreEventType {
            $(#[serde(rename = $name)] $variant),+
        }

        same_variants!(StoreEventType, OutboxKind, [$($variant),+]);

        impl StoreEventType {
            /// All of them, with their names.
            pub(super) const ALL: &[(Self, &str)] = &[$((Self::$variant, $name)),+];

            /// The name on the wire.
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

types! {
    CallStarted "call.started",
    CallUpdated "call.updated",
    CallEnded "call.ended",
    CallCompleted "call.completed",
    CallFailed "call.failed",
    CallDeleted "call.deleted",
    RecordingReady "recording.ready",
    RecordingRedacted "recording.redacted",
    RecordingDeleted "recording.deleted",
    TranscriptAdded "transcript.added",
    TranscriptUpdated "transcript.updated",
    AnalyticsAdded "analytics.added",
    AnalyticsComputed "analytics.computed",
    MetadataUpdated "metadata.updated",
    StreamConnected "stream.connected",
    StreamDisconnected "stream.disconnected",
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
