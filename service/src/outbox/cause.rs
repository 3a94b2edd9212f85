//! What causes tell: the one place that knows the contents of each kind of event.
//!
//! A cause builds its event from what it has at hand and hands it to [`State::tell`](crate::writer::State::tell), after
//! its last statement. Nothing in here is personal data: ids, states, codes, names of fields.
//!
//! The data of each kind is a part of the contract: a field may be added, and none is renamed or removed. An event is
//! written once and read by many, so it is small, and says only what a reader needs to decide whether to fetch more.

use entity::{
    outbox::{ActiveModel, Kind},
    transcript,
};
use sea_orm::{
    ActiveEnum,
    ActiveValue::{NotSet, Set},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Timestamp, calls::CallRow};

/// Most transcripts that one event names, so that it stays far below what a webhook may carry (20 kB).
const NAMES: usize = 100;

/// An event that is not stored yet.
///
/// It becomes a row in the transaction of its cause. If that fails or is rolled back, there is no event; if it commits,
/// the event is as durable as the change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cause {
    kind: Kind,
    call: Uuid,
    data: Value,
}

impl Cause {
    fn new(kind: Kind, call: Uuid, data: Value) -> Self {
        Self { kind, call, data }
    }

    /// The row; the database numbers it.
    pub(crate) fn into_row(self, now: Timestamp) -> ActiveModel {
        ActiveModel {
            created_at: Set(now),
            position: NotSet,
            kind: Set(self.kind),
            call_id: Set(self.call),
            data: Set(self.data),
        }
    }

    /// A call was started.
    pub(crate) fn call_started(call: &CallRow) -> Self {
        Self::new(Kind::CallStarted, call.id, json!({ "status": call.status.to_value() }))
    }

    /// Fields of a call were changed, given by their names in the API.
    pub(crate) fn call_updated(call: &CallRow, fields: &[&str]) -> Self {
        Self::new(Kind::CallUpdated, call.id, json!({ "status": call.status.to_value(), "fields": fields }))
    }

    /// A call has ended.
    pub(crate) fn call_ended(call: &CallRow) -> Self {
        let reason = call.end_reason.map(|reason| reason.to_value());
        Self::new(Kind::CallEnded, call.id, json!({ "status": call.status.to_value(), "endReason": reason }))
    }

    /// A call is complete.
    pub(crate) fn call_completed(call: Uuid, recording: Option<Uuid>) -> Self {
        let recordings: Vec<Uuid> = recording.into_iter().collect();
        Self::new(Kind::CallCompleted, call, json!({ "status": "completed", "recordingIds": recordings }))
    }

    /// A call's recording could not be made, for the reason of this code.
    ///
    /// `code` is one of those that clients see as `failure.code` of the call. What went wrong in detail is only in the
    /// log.
    pub(crate) fn call_failed(call: Uuid, code: &str) -> Self {
        Self::new(Kind::CallFailed, call, json!({ "status": "failed", "failureCode": code }))
    }

    /// A call was deleted.
    pub(crate) fn call_deleted(call: Uuid) -> Self {
        Self::new(Kind::CallDeleted, call, json!({}))
    }

    /// A recording can be downloaded.
    pub(crate) fn recording_ready(call: Uuid, recording: Uuid) -> Self {
        Self::new(Kind::RecordingReady, call, json!({ "recordingId": recording }))
    }

    /// Transcripts were added or changed: one event for each hundred of a request.
    ///
    /// None for a request that changed nothing. The ids are in the order of the request, so a reader that fetches them
    /// in this order sees the conversation as the recognizer sent it.
    pub(crate) fn transcripts<'a>(
        kind: Kind,
        call: Uuid,
        rows: impl Iterator<Item = &'a transcript::Model>,
    ) -> Vec<Self> {
        let ids: Vec<Uuid> = rows.map(|row| row.id).collect();
        ids.chunks(NAMES).map(|ids| Self::new(kind, call, json!({ "transcriptIds": ids }))).collect()
    }

    /// A transcript was deleted.
    pub(crate) fn transcript_deleted(call: Uuid, transcript: Uuid) -> Self {
        Self::new(Kind::TranscriptUpdated, call, json!({ "transcriptIds": [transcript], "deleted": true }))
    }

    /// A snapshot of analytics was added.
    pub(crate) fn analytics_added(call: Uuid, snapshot: Uuid) -> Self {
        Self::new(Kind::AnalyticsAdded, call, json!({ "analyticsId": snapshot }))
    }

    /// Analytics were computed from a recording.
    pub(crate) fn analytics_computed(call: Uuid, recording: Uuid) -> Self {
        Self::new(Kind::AnalyticsComputed, call, json!({ "recordingId": recording }))
    }

    /// Metadata was set, changed or deleted.
    pub(crate) fn metadata_updated(call: Uuid, deleted: bool) -> Self {
        Self::new(Kind::MetadataUpdated, call, if deleted { json!({ "deleted": true }) } else { json!({}) })
    }

    /// A socket with a call's audio opened.
    pub(crate) fn stream_connected(call: Uuid) -> Self {
        Self::new(Kind::StreamConnected, call, json!({}))
    }

    /// The last socket of a running call closed.
    ///
    /// The call goes on: the stream may return within the reconnect grace, which tells `stream.connected` again, or the
    /// call ends, which tells `call.ended`.
    pub(crate) fn stream_disconnected(call: Uuid) -> Self {
        Self::new(Kind::StreamDisconnected, call, json!({}))
    }
}
