//! Events of calls on the wire.

use serde::{Deserialize, Serialize};
use service::Private;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    chunks::model::Track,
    wire::{Time, same_variants},
};

/// The kind of event: a pressed key (`dtmf`), or playback that reached a mark (`mark`).
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    Dtmf,
    Mark,
}

same_variants!(EventType, service::EventType, [Dtmf, Mark]);

/// A non-audio stream event: DTMF digit or mark.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallEvent {
    /// The event's id, a UUIDv7.
    pub id: Uuid,
    /// The kind of event.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The side on which a key was pressed, if the stream says so.
    #[schema(required)]
    pub track: Option<Track>,
    /// The pressed key.
    #[schema(required, value_type = Option<String>)]
    pub digit: Option<Private>,
    /// The mark's name.
    #[schema(required)]
    pub name: Option<String>,
    /// The latest position of the stream's audio when the event arrived, in seconds.
    pub position: f64,
    /// When the event arrived.
    pub created_at: Time,
}

impl From<service::CallEvent> for CallEvent {
    fn from(event: service::CallEvent) -> Self {
        Self {
            id: event.id,
            event_type: event.event_type.into(),
            track: event.track.map(Into::into),
            digit: event.digit,
            name: event.name,
            position: f64::from(event.position_ms) / 1e3,
            created_at: Time(event.created_at),
        }
    }
}

impl CallEvent {
    /// A caller who presses 7.
    #[must_use]
    pub(crate) fn sample() -> Self {
        Self {
            id: Uuid::from_u128(0x0190_5f3c_41c2_7a10_8c3d_4e5f_6071_8293),
            event_type: EventType::Dtmf,
            track: Some(Track::Inbound),
            digit: Some("7".into()),
            name: None,
            position: 3.12,
            created_at: Time::sample_after(3),
        }
    }
}
