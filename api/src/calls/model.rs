//! Calls on the wire.

use serde::{Deserialize, Serialize};
use service::audio::number::{real, signed};
use service::{CallParts, Private, SID_CHARACTERS, as_id, is_sid};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::ValidationError;

use super::format::{AudioFormat, Encoding};
use crate::{
    analytics::model::Analytics,
    metadata::model::Metadata,
    problem::Problem,
    recordings::model::Recording,
    transcripts::model::Transcript,
    wire::{Time, same_variants},
};

/// A phone call.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Call {
    /// The call's id, a UUIDv7.
    pub id: Uuid,
    /// The id of the media stream. Unique.
    pub stream_sid: String,
    /// The carrier's id of the phone call. Unique if present.
    #[schema(required)]
    pub call_sid: Option<String>,
    /// The caller: a phone number or a name.
    #[schema(value_type = String)]
    pub caller: Private,
    /// The agent that handles the call.
    #[schema(required, value_type = Option<String>)]
    pub agent: Option<Private>,
    /// Who placed the call.
    #[schema(required)]
    pub direction: Option<Direction>,
    /// How the call's chunks are encoded.
    pub audio_format: AudioFormat,
    /// When the call began.
    pub start_time: Time,
    /// When the call ended.
    #[schema(required)]
    pub end_time: Option<Time>,
    /// Seconds from `startTime` to `endTime`.
    #[schema(required)]
    pub duration: Option<f64>,
    /// The state of the call.
    pub status: Status,
    /// What ended the call.
    #[schema(required)]
    pub end_reason: Option<EndReason>,
    /// Why a failed call has no recording.
    #[schema(required)]
    pub failure: Option<Failure>,
    /// When the service created the call.
    pub created_at: Time,
    /// When the call last changed.
    pub updated_at: Time,
    /// The call's recordings. Present with `include=recordings` and in responses of `endCall`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub recordings: Option<Vec<Recording>>,
    /// The first 500 transcripts. Present with `include=transcripts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub transcripts: Option<Vec<Transcript>>,
    /// The 500 latest analytics snapshots, in lists the latest alone. Present with `include=analytics`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub analytics: Option<Vec<Analytics>>,
    /// The call's metadata. Present with `include=metadata`; null if the call has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Option<Metadata>>,
    /// Figures computed from the recording. Present in lists with `include=computed`; null if the call has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub computed: Option<Option<ComputedFigures>>,
}

/// The main figures that the service computes from a call's recording.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ComputedFigures {
    /// The recording that was analyzed.
    pub recording_id: Uuid,
    /// The algorithm that found the speech.
    pub algorithm: String,
    /// When the figures were computed.
    pub computed_at: Time,
    /// Length of the recording in seconds.
    pub duration: f64,
    /// Seconds of speech, both parties together.
    pub talk_time: f64,
    /// Seconds in which nobody speaks, between the first word and the last.
    pub silence_time: f64,
    /// How often one party interrupts the other.
    pub interruptions: u32,
    /// The median time until the agent answers, in milliseconds. Null if it never answers.
    #[schema(required)]
    pub response_latency: Option<u64>,
}

impl From<service::ComputedAnalytics> for ComputedFigures {
    fn from(figures: service::ComputedAnalytics) -> Self {
        let seconds = |milliseconds: u64| real(milliseconds) / 1e3;
        Self {
            recording_id: figures.recording_id,
            algorithm: figures.algorithm,
            computed_at: Time(figures.computed_at),
            duration: seconds(figures.duration_ms),
            talk_time: seconds(figures.talk_time_ms),
            silence_time: seconds(figures.silence_time_ms),
            interruptions: figures.interruptions,
            response_latency: figures.response_latency_ms,
        }
    }
}

/// The state of a call: it accepts audio (`active`), its recording is being made (`finalizing`), everything is final
/// (`completed`), or no recording could be made (`failed`).
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Active,
    Finalizing,
    Completed,
    Failed,
}

/// Who placed the call: the caller (`inbound`) or the agent (`outbound`).
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Inbound,
    Outbound,
}

/// What ended a call: `endCall`, the end or the loss of its stream, or a timeout.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    Api,
    StreamStop,
    StreamDisconnect,
    IdleTimeout,
    MaxDuration,
}

/// Why a call failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Failure {
    /// A stable code for programs.
    pub code: String,
    /// The reason as a sentence.
    pub detail: String,
}

/// Refuses what can be no `streamSid` or `callSid`. One that reads as a UUID would be taken for a call's id.
pub(crate) fn sid(text: &str) -> Result<(), ValidationError> {
    if is_sid(text) && as_id(text).is_none() {
        return Ok(());
    }
    let message = format!("Must be 1 to 128 of the characters {SID_CHARACTERS}, not . or .. alone, and not a UUID.");
    Err(ValidationError::new("sid").with_message(message.into()))
}

impl Call {
    /// A call with the parts that come with it.
    pub(crate) fn with_parts(call: service::Call, parts: CallParts) -> Result<Self, Problem> {
        let failure = call.failure.map(|service::CallFailure { code, detail }| Failure { code, detail });
        let recordings = parts.recordings.map(|recordings| recordings.into_iter().map(Recording::new).collect());
        Ok(Self {
            id: call.id,
            stream_sid: call.stream_sid,
            call_sid: call.call_sid,
            caller: call.caller,
            agent: call.agent,
            direction: call.direction.map(Into::into),
            audio_format: call.audio_format.into(),
            start_time: Time(call.start_time),
            end_time: call.end_time.map(Time),
            duration: call.duration_ms.map(|milliseconds| signed(milliseconds) / 1e3),
            status: call.status.into(),
            end_reason: call.end_reason.map(Into::into),
            failure,
            created_at: Time(call.created_at),
            updated_at: Time(call.updated_at),
            recordings: recordings.transpose()?,
            transcripts: parts.transcripts.map(|all| all.into_iter().map(Into::into).collect()),
            analytics: parts.analytics.map(|all| all.into_iter().map(Into::into).collect()),
            metadata: parts.metadata.map(|metadata| metadata.map(Into::into)),
            computed: parts.computed.map(|computed| computed.map(Into::into)),
        })
    }

    /// A call alone.
    pub(crate) fn new(call: service::Call) -> Result<Self, Problem> {
        Self::with_parts(call, CallParts::default())
    }

    /// A call that has just been started.
    #[must_use]
    pub(crate) fn sample() -> Self {
        Self {
            id: Uuid::from_u128(0x0190_5f3c_2b7a_7c11_9d4e_5a6b_7c8d_9e0f),
            stream_sid: "MZ0123456789abcdef0123456789abcdef".to_owned(),
            call_sid: Some("CA0123456789abcdef0123456789abcdef".to_owned()),
            caller: "+14155550134".into(),
            agent: Some("booking-agent".into()),
            direction: Some(Direction::Inbound),
            audio_format: AudioFormat { encoding: Encoding::Mulaw, sample_rate: 8_000 },
            start_time: Time::SAMPLE,
            end_time: None,
            duration: None,
            status: Status::Active,
            end_reason: None,
            failure: None,
            created_at: Time::SAMPLE,
            updated_at: Time::SAMPLE,
            recordings: None,
            transcripts: None,
            analytics: None,
            metadata: None,
            computed: None,
        }
    }

    /// A call that has ended and has its recording.
    #[must_use]
    pub(crate) fn sample_completed() -> Self {
        Self {
            status: Status::Completed,
            end_time: Some(Time::sample_after(31)),
            duration: Some(31.0),
            end_reason: Some(EndReason::Api),
            updated_at: Time::sample_after(31),
            recordings: Some(vec![Recording::sample()]),
            ..Self::sample()
        }
    }

    /// A call that has ended and waits for its recording.
    #[must_use]
    pub(crate) fn sample_finalizing() -> Self {
        Self { status: Status::Finalizing, recordings: None, ..Self::sample_completed() }
    }
}

same_variants!(Status, service::Status, [Active, Finalizing, Completed, Failed]);
same_variants!(Direction, service::Direction, [Inbound, Outbound]);
same_variants!(EndReason, service::EndReason, [Api, StreamStop, StreamDisconnect, IdleTimeout, MaxDuration]);
