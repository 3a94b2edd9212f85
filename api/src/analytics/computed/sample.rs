//! The example of computed analytics: those of a short conversation, computed from its segments.

use service::{
    ComputedAnalytics as Stored, Timestamp,
    audio::{
        conversation::{Conversation, FRAME_MS},
        speech::{Segment, Speech},
    },
    computed::{CallAnalytics, PartyWords},
};

use super::model::ComputedAnalytics;
use crate::{analytics::model::Analytics, recordings::model::Recording, wire::Time};

impl ComputedAnalytics {
    /// The analytics of a call in which the agent greets and answers.
    #[must_use]
    pub(crate) fn sample() -> Self {
        let segments =
            |times: &[(u32, u32)]| times.iter().map(|(start, end)| Segment { start: *start, end: *end }).collect();
        let speech = Speech { inbound: segments(&[(200, 300)]), outbound: segments(&[(25, 175), (350, 500)]) };
        let conversation = Conversation::of(&speech);
        let recording = Recording::sample();
        let Time(Timestamp(at)) = recording.created_at;
        let snapshot = service::Analytics {
            talk_time: Some(8.5),
            silence_time: None,
            interruptions: None,
            average_latency_ms: None,
            sentiment: None,
            sentiment_score: None,
            metrics: None,
            id: Analytics::sample().id,
            call_id: recording.call_id,
            snapshot_time: Timestamp(at),
            created_at: Timestamp(at),
            created_by: None,
        };
        CallAnalytics {
            computed: Stored {
                call_id: recording.call_id,
                recording_id: recording.id,
                algorithm: "energy-2".to_owned(),
                computed_at: Timestamp(at),
                duration_ms: 16_000,
                talk_time_ms: conversation.talk_time() * FRAME_MS,
                silence_time_ms: conversation.silence * FRAME_MS,
                interruptions: 0,
                response_latency_ms: conversation.agent.latencies.p50_ms(),
            },
            conversation,
            caller_words: PartyWords { words: Some(5) },
            agent_words: PartyWords { words: Some(16) },
            reported: Some(snapshot),
        }
        .into()
    }
}
