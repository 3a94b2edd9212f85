//! Turns, and what a party says during those of the other: interruptions and backchannels.

use super::{
    latencies::Latencies,
    model::{Conversation, Interruption, Party, Turn},
    order::in_order,
    units::frames,
};
use crate::speech::{Segment, Speech};

/// Pauses below this do not end what a party is saying: 0.25 s, rounded up to whole frames.
const JOINED_BELOW: u32 = frames(260);
/// Both speak for longer than this, and it is an interruption: 0.5 s.
const GRACE: u32 = frames(500);
/// Speech that ends at most this long after that of the other party was said beside it: 0.1 s.
const EDGE: u32 = frames(100);
/// A party that pauses for longer than this has given up the floor: 3 s.
const TURN_PAUSE: u32 = frames(3000);

/// Finds interruptions, backchannels, turns and response latencies.
pub(super) fn follow(speech: &Speech, conversation: &mut Conversation) {
    let (caller, agent) = (joined(&speech.inbound), joined(&speech.outbound));
    for (segment, party) in in_order(speech) {
        let others = if party == Party::Caller { &agent } else { &caller };
        let Some(under_way) = under_way(others, segment.start) else {
            take_floor(&mut conversation.turns, segment, party);
            continue;
        };
        let overlap = segment.end.min(under_way.end) - segment.start;
        let interrupts = overlap > GRACE;
        if interrupts {
            conversation.interruptions.push(Interruption { time: segment.start, by: party, overlap });
            conversation.party_mut(party).interruptions += 1;
            conversation.party_mut(party.other()).interrupted += 1;
        }
        if segment.end > under_way.end + EDGE {
            take_floor(&mut conversation.turns, segment, party);
        } else if !interrupts {
            conversation.party_mut(party).backchannels += 1;
        }
    }
    count_turns(conversation);
}

/// One party's segments, joined over short pauses.
fn joined(segments: &[Segment]) -> Vec<Segment> {
    let mut joined: Vec<Segment> = Vec::with_capacity(segments.len());
    for segment in segments {
        match joined.last_mut() {
            Some(last) if segment.start.saturating_sub(last.end) < JOINED_BELOW => last.end = last.end.max(segment.end),
            _ => joined.push(*segment),
        }
    }
    joined
}

/// The segment that began before `time` and goes on after it.
fn under_way(joined: &[Segment], time: u32) -> Option<Segment> {
    let begun = joined.partition_point(|segment| segment.start < time);
    joined[..begun].last().filter(|segment| segment.end > time).copied()
}

/// A party has the floor from here on: in a turn of its own, or still in its latest one.
fn take_floor(turns: &mut Vec<Turn>, segment: Segment, party: Party) {
    let Segment { start, end } = segment;
    match turns.last_mut() {
        Some(turn) if turn.party == party && start.saturating_sub(turn.end) <= TURN_PAUSE => {
            turn.end = turn.end.max(end);
        }
        _ => turns.push(Turn { party, start, end }),
    }
}

/// Counts turns, and the time from the end of a turn to the beginning of the other party's.
fn count_turns(conversation: &mut Conversation) {
    let turns = conversation.turns.clone();
    for turn in &turns {
        let figures = conversation.party_mut(turn.party);
        figures.turns += 1;
        figures.turn_time += u64::from(turn.end - turn.start);
        figures.longest_turn = figures.longest_turn.max(turn.end - turn.start);
    }
    let answers = turns.windows(2).filter_map(|pair| match pair {
        [first, second] if first.party != second.party => Some((second.party, second.start.saturating_sub(first.end))),
        _ => None,
    });
    let answers: Vec<_> = answers.collect();
    let of = |party| Latencies::new(answers.iter().filter(|(by, _)| *by == party).map(|(_, latency)| *latency));
    conversation.caller.latencies = of(Party::Caller);
    conversation.agent.latencies = of(Party::Agent);
    conversation.latencies = Latencies::new(answers.iter().map(|(_, latency)| *latency));
}
