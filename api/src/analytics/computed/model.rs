//! Computed analytics on the wire. Fields stand in the order in which they are sent.

use serde::Serialize;
use service::{
    audio::conversation::{Conversation, FRAME_MS, Figures, Interruption, Latencies, Party},
    computed::{CallAnalytics, PartyWords},
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::units::{milliseconds, rounded, seconds, share},
    reported::Reported,
};
use crate::{chunks::model::Track, wire::Time};

/// Analytics that the service computed from a call's recording.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ComputedAnalytics {
    pub call_id: Uuid,
    pub recording_id: Uuid,
    pub algorithm: String,
    pub computed_at: Time,
    pub duration: f64,
    #[schema(required)]
    pub speech_start: Option<f64>,
    #[schema(required)]
    pub speech_end: Option<f64>,
    pub talk_time: f64,
    pub parties: Parties,
    pub silence: Silence,
    pub overlap: Overlap,
    pub turns: Vec<Turn>,
    pub interruptions: Vec<InterruptionEvent>,
    pub response_latency: ResponseLatency,
    /// Null without a snapshot.
    #[schema(required)]
    pub reported: Option<Reported>,
}

/// The parties of a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Parties {
    caller: PartyFigures,
    agent: PartyFigures,
}

/// The figures of one party.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PartyFigures {
    track: Track,
    talk_time: f64,
    /// Its part of both parties' talk time.
    talk_share: f64,
    /// In percent of the recording.
    talk_percent_of_call: f64,
    turns: u32,
    mean_turn: f64,
    /// Its longest turn.
    longest_monologue: f64,
    interruptions: u32,
    interrupted: u32,
    /// Short remarks while the other party goes on.
    backchannels: u32,
    response_latency: ResponseLatency,
    /// Null without a transcript.
    #[schema(required)]
    words: Option<u64>,
    /// Null without a transcript, or if it never speaks.
    #[schema(required)]
    words_per_minute: Option<f64>,
}

/// Times to respond, in whole milliseconds. Null without a response.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ResponseLatency {
    num: usize,
    #[schema(required)]
    min: Option<u64>,
    #[schema(required)]
    mean: Option<u64>,
    #[schema(required)]
    p50: Option<u64>,
    #[schema(required)]
    p90: Option<u64>,
    #[schema(required)]
    p95: Option<u64>,
    #[schema(required)]
    p99: Option<u64>,
    #[schema(required)]
    max: Option<u64>,
}

/// When nobody speaks.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Silence {
    total: f64,
    share: f64,
    longest: f64,
    /// Null without a silence.
    #[schema(required)]
    longest_at: Option<f64>,
    count: usize,
    /// Start and end of each silence of at least 1 s.
    instances: Vec<[f64; 2]>,
}

/// When both parties speak.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Overlap {
    total: f64,
    share: f64,
}

/// One of the two who talk.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Party)]
pub(crate) enum PartyName {
    Caller,
    Agent,
}

/// A stretch in which a party has the floor.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Turn {
    party: PartyName,
    start: f64,
    end: f64,
}

/// A party talks over the other one for more than 0.5 s.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Interruption)]
pub(crate) struct InterruptionEvent {
    time: f64,
    by: PartyName,
    of: PartyName,
    overlap: f64,
}

impl From<Party> for PartyName {
    fn from(party: Party) -> Self {
        match party {
            Party::Caller => Self::Caller,
            Party::Agent => Self::Agent,
        }
    }
}

impl From<&Latencies> for ResponseLatency {
    fn from(latencies: &Latencies) -> Self {
        Self {
            num: latencies.num(),
            min: latencies.min_ms(),
            mean: latencies.mean_ms(),
            p50: latencies.p50_ms(),
            p90: latencies.percentile_ms(90),
            p95: latencies.percentile_ms(95),
            p99: latencies.percentile_ms(99),
            max: latencies.max_ms(),
        }
    }
}

impl From<&Interruption> for InterruptionEvent {
    fn from(interruption: &Interruption) -> Self {
        Self {
            time: seconds(interruption.time),
            by: interruption.by.into(),
            of: interruption.by.other().into(),
            overlap: seconds(interruption.overlap),
        }
    }
}

impl PartyFigures {
    fn new(track: Track, figures: &Figures, words: PartyWords, call: &CallAnalytics) -> Self {
        let talk_ms = figures.talk_time * FRAME_MS;
        Self {
            track,
            talk_time: milliseconds(talk_ms),
            talk_share: share(figures.talk_time, call.conversation.talk_time()),
            // Hundredths of a percent, of milliseconds of the call.
            talk_percent_of_call: rounded(talk_ms, call.computed.duration_ms, 10_000) / 100.0,
            turns: figures.turns,
            mean_turn: milliseconds(figures.mean_turn_ms()),
            longest_monologue: seconds(figures.longest_turn),
            interruptions: figures.interruptions,
            interrupted: figures.interrupted,
            backchannels: figures.backchannels,
            response_latency: (&figures.latencies).into(),
            words: words.words,
            words_per_minute: words
                .tenths_per_minute(talk_ms)
                .map(|tenths| service::audio::number::real(tenths) / 10.0),
        }
    }
}

impl Silence {
    fn new(conversation: &Conversation) -> Self {
        let longest = conversation.longest_pause();
        let instances: Vec<_> =
            conversation.silences().map(|pause| [seconds(pause.start), seconds(pause.end)]).collect();
        Self {
            total: milliseconds(conversation.silence * FRAME_MS),
            share: share(conversation.silence, conversation.span_frames()),
            longest: longest.map_or(0.0, |pause| seconds(pause.end - pause.start)),
            longest_at: longest.map(|pause| seconds(pause.start)),
            count: instances.len(),
            instances,
        }
    }
}

impl From<CallAnalytics> for ComputedAnalytics {
    fn from(call: CallAnalytics) -> Self {
        let (computed, conversation) = (&call.computed, &call.conversation);
        let turn = |turn: &service::audio::conversation::Turn| Turn {
            party: turn.party.into(),
            start: seconds(turn.start),
            end: seconds(turn.end),
        };
        Self {
            call_id: computed.call_id,
            recording_id: computed.recording_id,
            algorithm: computed.algorithm.clone(),
            computed_at: Time(computed.computed_at),
            duration: milliseconds(computed.duration_ms),
            speech_start: conversation.span.map(|span| seconds(span.start)),
            speech_end: conversation.span.map(|span| seconds(span.end)),
            talk_time: milliseconds(computed.talk_time_ms),
            parties: Parties {
                caller: PartyFigures::new(Track::Inbound, &conversation.caller, call.caller_words, &call),
                agent: PartyFigures::new(Track::Outbound, &conversation.agent, call.agent_words, &call),
            },
            silence: Silence::new(conversation),
            overlap: Overlap {
                total: milliseconds(conversation.overlap * FRAME_MS),
                share: share(conversation.overlap, conversation.span_frames()),
            },
            turns: conversation.turns.iter().map(turn).collect(),
            interruptions: conversation.interruptions.iter().map(Into::into).collect(),
            response_latency: (&conversation.latencies).into(),
            reported: call.reported.as_ref().map(|snapshot| Reported::new(snapshot, &call)),
        }
    }
}
