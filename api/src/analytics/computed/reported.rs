//! What a client has reported, beside what was computed.

use serde::Serialize;
use service::{
    Analytics,
    audio::{
        conversation::FRAME_MS,
        number::{real, wide},
    },
    computed::CallAnalytics,
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::units::milliseconds;
use crate::wire::Time;

/// A figure that the snapshot lacks is null.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reported {
    pub analytics_id: Uuid,
    pub snapshot_time: Time,
    #[schema(required)]
    pub talk_time: Option<ReportedFigure>,
    #[schema(required)]
    pub silence_time: Option<ReportedFigure>,
    #[schema(required)]
    pub interruptions: Option<ReportedFigure>,
    #[schema(required)]
    pub average_latency: Option<ReportedFigure>,
}

/// A reported figure beside the computed one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportedFigure {
    pub reported: f64,
    #[schema(required)]
    pub computed: Option<f64>,
    /// `reported` less `computed`.
    #[schema(required)]
    pub difference: Option<f64>,
}

impl ReportedFigure {
    pub(super) fn new(reported: f64, computed: Option<f64>) -> Self {
        // To three decimals: the last bits of floats say nothing.
        let difference = computed.map(|computed| ((reported - computed) * 1e3).round() / 1e3);
        Self { reported, computed, difference }
    }
}

impl Reported {
    pub(super) fn new(snapshot: &Analytics, call: &CallAnalytics) -> Self {
        let conversation = &call.conversation;
        let beside = |reported: Option<f64>, computed: Option<f64>| {
            reported.map(|reported| ReportedFigure::new(reported, computed))
        };
        Self {
            analytics_id: snapshot.id,
            snapshot_time: Time(snapshot.snapshot_time),
            talk_time: beside(snapshot.talk_time, Some(milliseconds(conversation.talk_time() * FRAME_MS))),
            silence_time: beside(snapshot.silence_time, Some(milliseconds(conversation.silence * FRAME_MS))),
            interruptions: beside(
                snapshot.interruptions.map(f64::from),
                Some(real(wide(conversation.interruptions.len()))),
            ),
            average_latency: beside(snapshot.average_latency_ms, conversation.agent.latencies.mean_ms().map(real)),
        }
    }
}
