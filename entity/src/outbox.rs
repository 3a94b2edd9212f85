//! Table `outbox`: what happened, for those who follow the store. A row is written in the transaction of its cause.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))")]
pub enum Kind {
    /// A call was started.
    #[sea_orm(string_value = "call.started")]
    CallStarted,
    /// A field of a call was changed, or a failed call is tried again.
    #[sea_orm(string_value = "call.updated")]
    CallUpdated,
    /// A call has ended; its recording is being made.
    #[sea_orm(string_value = "call.ended")]
    CallEnded,
    /// A call is complete, with its recording if it has audio.
    #[sea_orm(string_value = "call.completed")]
    CallCompleted,
    /// A call's recording could not be made.
    #[sea_orm(string_value = "call.failed")]
    CallFailed,
    /// A call was deleted.
    #[sea_orm(string_value = "call.deleted")]
    CallDeleted,
    /// A recording can be downloaded.
    #[sea_orm(string_value = "recording.ready")]
    RecordingReady,
    /// Parts of a recording were removed.
    #[sea_orm(string_value = "recording.redacted")]
    RecordingRedacted,
    /// A recording was deleted.
    #[sea_orm(string_value = "recording.deleted")]
    RecordingDeleted,
    /// Transcripts were added.
    #[sea_orm(string_value = "transcript.added")]
    TranscriptAdded,
    /// Transcripts were changed or deleted.
    #[sea_orm(string_value = "transcript.updated")]
    TranscriptUpdated,
    /// A snapshot of analytics was added.
    #[sea_orm(string_value = "analytics.added")]
    AnalyticsAdded,
    /// Analytics were computed from a recording.
    #[sea_orm(string_value = "analytics.computed")]
    AnalyticsComputed,
    /// Metadata was set, changed or deleted.
    #[sea_orm(string_value = "metadata.updated")]
    MetadataUpdated,
    /// A socket with a call's audio opened.
    #[sea_orm(string_value = "stream.connected")]
    StreamConnected,
    /// The last socket of a running call closed.
    #[sea_orm(string_value = "stream.disconnected")]
    StreamDisconnected,
}

/// A row of `outbox`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// When it happened.
    pub created_at: Timestamp,
    /// Place in the order of commits; the database assigns it. Not the first field, because SQLite's script takes a row
    /// whose first field is NULL for an unused slot.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// What happened.
    pub kind: Kind,
    /// The call that it concerns.
    pub call_id: Uuid,
    /// Ids and states, a JSON object; no personal data.
    pub data: Json,
}

/// The deletion of a call is told after its row is gone, so there is no foreign key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
