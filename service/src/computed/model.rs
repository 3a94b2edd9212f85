//! What is stored of a call's computed analytics.

use entity::computed_analytics::Model;
use uuid::Uuid;

use crate::Timestamp;

/// The figures that are computed from a call's recording, in the form in which lists and statistics use them. They do
/// not change unless the recording is analyzed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComputedAnalytics {
    /// The call's id.
    pub call_id: Uuid,
    /// The recording that was analyzed. It may have been deleted since.
    pub recording_id: Uuid,
    /// The algorithm that found the speech, as `energy-1`. Figures of two algorithms are not comparable.
    pub algorithm: String,
    /// When the speech was found.
    pub computed_at: Timestamp,
    /// Length of the recording, in milliseconds.
    pub duration_ms: u64,
    /// How long the parties speak, in milliseconds: the sum over both, which may exceed the duration.
    pub talk_time_ms: u64,
    /// How long nobody speaks, from the first word to the last, in milliseconds.
    pub silence_time_ms: u64,
    /// How often one party interrupts the other.
    pub interruptions: u32,
    /// The median of the times that the agent takes to respond, in milliseconds; `None` if it never responds.
    pub response_latency_ms: Option<u64>,
}

impl From<Model> for ComputedAnalytics {
    fn from(row: Model) -> Self {
        Self {
            call_id: row.call_id,
            recording_id: row.recording_id,
            algorithm: row.algorithm,
            computed_at: row.computed_at,
            duration_ms: row.duration_ms.unsigned_abs(),
            talk_time_ms: row.talk_time_ms.unsigned_abs(),
            silence_time_ms: row.silence_time_ms.unsigned_abs(),
            interruptions: row.interruptions.unsigned_abs(),
            response_latency_ms: row.response_latency_ms.map(i64::unsigned_abs),
        }
    }
}
