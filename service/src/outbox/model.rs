//! An event, and which events a reader wants.

use std::sync::OnceLock;

use entity::outbox::Kind;
use sea_orm::FromQueryResult;
use serde_json::Value;
use uuid::Uuid;

use super::EventId;
use crate::Timestamp;

/// Something that happened to a call.
///
/// It is shared by all followers of a process, and never changed. `stream_sid` is read when the event is, not when it
/// was written, so a reader that comes after the deletion of a call does not learn its name.
#[derive(Debug)]
pub struct OutboxEvent {
    /// Its name, unique in the store.
    pub id: EventId,
    /// What happened.
    pub kind: Kind,
    /// The call that it concerns.
    pub call_id: Uuid,
    /// The call's `streamSid`; `None` once the call is deleted.
    pub stream_sid: Option<String>,
    /// Ids and states; an object.
    pub data: Value,
    written: OnceLock<String>,
}

impl OutboxEvent {
    /// The event in the words of a protocol. All readers of one process share the text, so it is made once, by the
    /// first `write`.
    pub fn written(&self, write: impl FnOnce(&Self) -> String) -> &str {
        self.written.get_or_init(|| write(self))
    }
}

/// A row with what belongs to it from the call's.
#[derive(FromQueryResult)]
pub(super) struct Row {
    pub position: i64,
    pub created_at: Timestamp,
    pub kind: Kind,
    pub call_id: Uuid,
    pub data: Value,
    pub stream_sid: Option<String>,
}

impl From<Row> for OutboxEvent {
    fn from(row: Row) -> Self {
        Self {
            id: EventId { position: row.position, time: row.created_at },
            kind: row.kind,
            call_id: row.call_id,
            stream_sid: row.stream_sid,
            data: row.data,
            written: OnceLock::new(),
        }
    }
}

/// Which events a reader wants.
///
/// Both conditions must hold; the default wants every event. A call that is deleted may be named too: it gets the event
/// of its deletion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only events of these kinds; none means all.
    pub kinds: Vec<Kind>,
    /// Only events of this call.
    pub call: Option<Uuid>,
}

impl EventFilter {
    /// Whether an event is wanted.
    pub(super) fn admits(&self, event: &OutboxEvent) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && self.call.is_none_or(|call| call == event.call_id)
    }
}
