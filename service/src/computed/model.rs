//! What is computed from recordings, as the other crates see it.

use audio::{conversation::Conversation, speech::Segment};
use entity::{call_track::Track, computed_analytics::Model};
use uuid::Uuid;

use crate::{Analytics, Timestamp};

/// The figures that are computed from a call's recording, in the form in which lists and statistics use them. They do
/// not change unless the recording is analyzed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComputedAnalytics {
    /// The call's id.
    pub call_id: Uuid,
    /// The recording that was analyzed. It may have been deleted since.
    pub recording_id: Uuid,
    /// The algorithm that found the speech, as `energy-2`. Figures of two algorithms are not comparable.
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

impl From<&Model> for ComputedAnalytics {
    fn from(row: &Model) -> Self {
        Self {
            call_id: row.call_id,
            recording_id: row.recording_id,
            algorithm: row.algorithm.clone(),
            computed_at: row.computed_at,
            duration_ms: row.duration_ms.unsigned_abs(),
            talk_time_ms: row.talk_time_ms.unsigned_abs(),
            silence_time_ms: row.silence_time_ms.unsigned_abs(),
            interruptions: row.interruptions.unsigned_abs(),
            response_latency_ms: row.response_latency_ms.map(i64::unsigned_abs),
        }
    }
}

/// Everything that is computed of a call, and what its client has reported beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct CallAnalytics {
    /// What is stored.
    pub computed: ComputedAnalytics,
    /// The figures that follow from the segments of speech.
    pub conversation: Conversation,
    /// The words of the caller.
    pub caller_words: PartyWords,
    /// The words of the agent.
    pub agent_words: PartyWords,
    /// The client's latest snapshot of the call's figures.
    pub reported: Option<Analytics>,
}

/// The words of a party's final transcripts of speech.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartyWords {
    /// How many; `None` without a transcript.
    pub words: Option<u64>,
}

impl PartyWords {
    /// Words per minute, as tenths, rounded half up. `None` without a transcript, or if the party is never heard.
    ///
    /// ```
    /// use service::computed::PartyWords;
    ///
    /// // 17 words in 5.2 s.
    /// assert_eq!(PartyWords { words: Some(17) }.tenths_per_minute(5_200), Some(1_962));
    /// assert_eq!(PartyWords { words: None }.tenths_per_minute(5_200), None);
    /// ```
    #[must_use]
    pub fn tenths_per_minute(self, talk_time_ms: u64) -> Option<u64> {
        let words = self.words.filter(|_| talk_time_ms > 0)?;
        Some((words * 600_000 + talk_time_ms / 2) / talk_time_ms)
    }
}

/// The speech of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSpeech {
    /// The tracks that have audio, the caller's first.
    pub tracks: Vec<TrackSpeech>,
}

/// The speech of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackSpeech {
    /// Whose voice it is.
    pub track: Track,
    /// Its segments in order and disjoint, in frames of 20 ms.
    pub segments: Vec<Segment>,
}
