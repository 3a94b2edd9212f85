//! What a conversation comes to: the figures of a call and of each party.

use super::{
    latencies::Latencies,
    units::{FRAME_MS, frames},
};
use crate::speech::Segment;

/// Pauses from here on are listed as silences: 1 s.
const SILENCE: u32 = frames(1000);

/// One of the two who talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The caller, on the inbound track.
    Caller,
    /// The agent, on the outbound track.
    Agent,
}

impl Party {
    /// The one that this party talks to.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Caller => Self::Agent,
            Self::Agent => Self::Caller,
        }
    }
}

/// A stretch in which one party has the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Turn {
    /// The party that has it.
    pub party: Party,
    /// Its first frame.
    pub start: u32,
    /// The frame after its last one.
    pub end: u32,
}

/// A party began to speak while the other one spoke, and both went on for more than 0.5 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interruption {
    /// The frame in which it began.
    pub time: u32,
    /// Who interrupted the other party.
    pub by: Party,
    /// Frames in which both spoke, from then on.
    pub overlap: u32,
}

/// The figures of one party.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Frames in which it speaks.
    pub talk_time: u64,
    /// How often it has the floor.
    pub turns: u32,
    /// Frames of all its turns.
    pub turn_time: u64,
    /// Frames of its longest turn; 0 without one.
    pub longest_turn: u32,
    /// How often it interrupts the other party.
    pub interruptions: u32,
    /// How often the other party interrupts it.
    pub interrupted: u32,
    /// How often it says something short while the other party goes on.
    pub backchannels: u32,
    /// How long it takes to respond, for each of its turns that follows one of the other party.
    pub latencies: Latencies,
}

impl Figures {
    /// The mean length of its turns in milliseconds, rounded half up; 0 without one.
    #[must_use]
    pub fn mean_turn_ms(&self) -> u64 {
        let turns = u64::from(self.turns);
        if turns == 0 { 0 } else { (2 * self.turn_time * FRAME_MS + turns) / (2 * turns) }
    }
}

/// The figures of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// The caller's figures. A party without a track has figures of 0.
    pub caller: Figures,
    /// The agent's figures.
    pub agent: Figures,
    /// From the first word of either party to the last; `None` if nobody speaks. What comes before and after, such as
    /// ringing, counts nowhere below.
    pub span: Option<Segment>,
    /// Frames in which nobody speaks.
    pub silence: u64,
    /// The stretches in which nobody speaks, in order, however short.
    pub pauses: Vec<Segment>,
    /// Frames in which both speak.
    pub overlap: u64,
    /// The turns of both parties, in order of their starts.
    pub turns: Vec<Turn>,
    /// The interruptions of both parties, in order.
    pub interruptions: Vec<Interruption>,
    /// The response latencies of both parties.
    pub latencies: Latencies,
}

impl Conversation {
    /// The figures of a party.
    #[must_use]
    pub fn party(&self, party: Party) -> &Figures {
        match party {
            Party::Caller => &self.caller,
            Party::Agent => &self.agent,
        }
    }

    pub(super) fn party_mut(&mut self, party: Party) -> &mut Figures {
        match party {
            Party::Caller => &mut self.caller,
            Party::Agent => &mut self.agent,
        }
    }

    /// Frames in which the parties speak, summed over both; overlap counts twice.
    #[must_use]
    pub fn talk_time(&self) -> u64 {
        self.caller.talk_time + self.agent.talk_time
    }

    /// Frames from the first word to the last.
    #[must_use]
    pub fn span_frames(&self) -> u64 {
        self.span.map_or(0, |span| u64::from(span.end - span.start))
    }

    /// The pauses of at least 1 s, in order.
    pub fn silences(&self) -> impl Iterator<Item = &Segment> {
        self.pauses.iter().filter(|pause| pause.end - pause.start >= SILENCE)
    }

    /// The longest stretch in which nobody speaks, the first one of several.
    #[must_use]
    pub fn longest_pause(&self) -> Option<Segment> {
        // `max_by_key` returns the last one of equals.
        self.pauses.iter().rev().max_by_key(|pause| pause.end - pause.start).copied()
    }
}
