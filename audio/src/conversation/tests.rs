//! The definitions, on conversations that were worked out by hand, and what holds for every conversation.

use proptest::prelude::*;

use super::*;
use crate::speech::{Segment, Speech};

/// A segment from times in milliseconds.
fn segment(start: u32, end: u32) -> Segment {
    Segment { start: start / 20, end: end / 20 }
}

fn segments(times: &[(u32, u32)]) -> Vec<Segment> {
    times.iter().map(|(start, end)| segment(*start, *end)).collect()
}

/// The conversation of the agent's and the caller's segments, in milliseconds.
fn conversation(agent: &[(u32, u32)], caller: &[(u32, u32)]) -> Conversation {
    Conversation::of(&Speech { inbound: segments(caller), outbound: segments(agent) })
}

fn share(part: u64, of: u64) -> u64 {
    (part * 10_000 + of / 2) / of
}

#[test]
fn the_example_has_the_figures_that_were_worked_out_by_hand() {
    let agent = [(0, 6500), (8700, 20_000), (23_000, 41_000)];
    let call = conversation(&agent, &[(6900, 9000), (12_000, 12_400), (21_500, 24_000)]);
    assert_eq!((call.agent.talk_time * FRAME_MS, call.caller.talk_time * FRAME_MS), (35_800, 5000));
    assert_eq!(share(call.agent.talk_time, call.talk_time()), 8775);
    assert_eq!((call.agent.turns, u64::from(call.agent.longest_turn) * FRAME_MS), (3, 18_000));
    assert_eq!((call.caller.turns, call.caller.backchannels, call.agent.backchannels), (2, 1, 0));
    assert_eq!(call.span, Some(segment(0, 41_000)));
    assert_eq!(share(call.silence, call.span_frames()), 463);
    assert_eq!(call.longest_pause(), Some(segment(20_000, 21_500)));
    assert_eq!(share(call.overlap, call.span_frames()), 415);
    assert_eq!(call.turns.len(), 5);
    assert_eq!(call.interruptions, [Interruption { time: 1150, by: Party::Agent, overlap: 50 }]);
    assert_eq!((call.agent.interruptions, call.caller.interrupted, call.caller.interruptions), (1, 1, 0));
    let all = &call.latencies;
    assert_eq!(
        (all.num(), all.min_ms(), all.p50_ms(), all.mean_ms(), all.max_ms()),
        (4, Some(0), Some(200), Some(475), Some(1500))
    );
    assert_eq!((call.caller.latencies.p50_ms(), call.agent.latencies.p50_ms()), (Some(950), Some(0)));
    assert_eq!(call.agent.mean_turn_ms(), 11_933);
}

#[test]
fn a_call_in_which_nobody_speaks_has_figures_of_zero() {
    let call = conversation(&[], &[]);
    assert_eq!(call, Conversation::default());
    assert_eq!((call.span, call.longest_pause(), call.talk_time(), call.span_frames()), (None, None, 0, 0));
    let none = &call.latencies;
    assert_eq!(
        (none.num(), none.min_ms(), none.mean_ms(), none.percentile_ms(99), none.max_ms()),
        (0, None, None, None, None)
    );
    assert_eq!(call.caller.mean_turn_ms(), 0);
}

#[test]
fn one_party_alone_has_turns_and_silence_and_no_latency() {
    let call = conversation(&[], &[(1000, 2000), (5000, 6000), (9020, 10_000)]);
    // A pause of 3.0 s goes on with the turn, and one of 3.02 s ends it.
    assert_eq!((call.caller.turns, call.caller.longest_turn, call.latencies.num()), (2, 250, 0));
    assert_eq!((call.silence, call.overlap, call.agent.clone()), (301, 0, Figures::default()));
    assert_eq!(call.pauses, segments(&[(2000, 5000), (6000, 9020)]));
    let breaths = conversation(&[(0, 1000), (1980, 3000), (4000, 5000)], &[]);
    assert_eq!((breaths.pauses.len(), breaths.silences().copied().collect::<Vec<_>>()), (2, segments(&[(3000, 4000)])));
}

#[test]
fn an_interruption_overlaps_for_more_than_half_a_second() {
    let interrupted = |start| conversation(&[(0, 4000)], &[(start, 6000)]);
    assert_eq!(interrupted(3500).interruptions, []);
    assert_eq!(interrupted(3480).interruptions, [Interruption { time: 174, by: Party::Caller, overlap: 26 }]);
    // Both take the floor, and a response that overlaps is one without a delay.
    assert_eq!((interrupted(3480).turns.len(), interrupted(3480).caller.latencies.max_ms()), (2, Some(0)));
    // Talking over somebody without taking over is an interruption without a turn.
    let over = conversation(&[(0, 4000)], &[(1000, 2000)]);
    assert_eq!((over.caller.interruptions, over.caller.turns, over.caller.backchannels), (1, 0, 0));
    // Who begins in the same frame as the other does not begin while it is under way.
    assert_eq!(conversation(&[(0, 4000)], &[(0, 2000)]).interruptions, []);
}

#[test]
fn a_backchannel_is_short_and_takes_no_floor() {
    let said = |start, end| {
        let call = conversation(&[(0, 4000)], &[(start, end)]);
        (call.caller.backchannels, call.caller.turns, call.caller.interruptions)
    };
    assert_eq!(said(1000, 1400), (1, 0, 0));
    // It may end 0.1 s after what it was said beside.
    assert_eq!(said(3800, 4100), (1, 0, 0));
    assert_eq!(said(3800, 4120), (0, 1, 0));
    // It begins before the other ends.
    assert_eq!(said(4000, 4100), (0, 1, 0));
    assert_eq!(said(3980, 4080), (1, 0, 0));
}

#[test]
fn a_pause_below_a_quarter_of_a_second_is_within_what_a_party_says() {
    let said = |second| conversation(&[(0, 1000), (second, 3000)], &[(1100, 1400)]).caller.backchannels;
    assert_eq!((said(1240), said(1260)), (1, 0));
}

#[test]
fn percentiles_are_those_of_numpy() {
    // numpy.percentile([20, 40, 100, 620], [50, 90, 95, 99]) is [70, 464, 542, 604.4].
    let latencies = Latencies::new([31, 1, 5, 2].into_iter());
    let percentiles = [0, 50, 90, 95, 99, 100].map(|percent| latencies.percentile_ms(percent));
    assert_eq!(percentiles, [20, 70, 464, 542, 604, 620].map(Some));
    // Of 41 values the place is 39.6, between 20 and 40 ms.
    let many = Latencies::new((0..=40).map(|value| if value < 40 { 1 } else { 2 }));
    assert_eq!((many.percentile_ms(99), Latencies::new([7].into_iter()).percentile_ms(95)), (Some(32), Some(140)));
}

/// Segments in order and disjoint, of which some are joined and some are far apart.
fn track() -> impl Strategy<Value = Vec<Segment>> {
    prop::collection::vec((1..200_u32, 1..150_u32), 0..30).prop_map(|pieces| {
        let mut at = 0;
        let piece = |(pause, length)| {
            let start = at + pause;
            at = start + length;
            Segment { start, end: at }
        };
        pieces.into_iter().map(piece).collect()
    })
}

/// Whether a frame is in one of the segments.
fn has(segments: &[Segment], frame: u32) -> bool {
    segments.iter().any(|segment| (segment.start..segment.end).contains(&frame))
}

proptest! {
    #[test]
    fn every_frame_of_the_span_is_silent_or_spoken_in(inbound in track(), outbound in track()) {
        let call = Conversation::of(&Speech { inbound: inbound.clone(), outbound: outbound.clone() });
        let Some(span) = call.span else {
            prop_assert!(inbound.is_empty() && outbound.is_empty());
            return Ok(());
        };
        let count = |is: &dyn Fn(bool, bool) -> bool| {
            let frames = (span.start..span.end).filter(|frame| is(has(&inbound, *frame), has(&outbound, *frame)));
            u64::try_from(frames.count()).unwrap_or(u64::MAX)
        };
        prop_assert_eq!(call.silence, count(&|caller, agent| !caller && !agent));
        prop_assert_eq!(call.overlap, count(&|caller, agent| caller && agent));
        prop_assert_eq!(call.talk_time(), count(&|caller, agent| caller || agent) + call.overlap);
        prop_assert!(call.pauses.iter().all(|pause| pause.start < pause.end && pause.end < span.end));
    }

    #[test]
    fn what_happens_to_one_party_is_counted_for_the_other(inbound in track(), outbound in track()) {
        let call = Conversation::of(&Speech { inbound: inbound.clone(), outbound: outbound.clone() });
        prop_assert_eq!(call.caller.interruptions, call.agent.interrupted);
        prop_assert_eq!(call.agent.interruptions, call.caller.interrupted);
        let turns = |party| call.turns.iter().filter(|turn| turn.party == party).count();
        for party in [Party::Caller, Party::Agent] {
            let figures = call.party(party);
            prop_assert_eq!(u32::try_from(turns(party)), Ok(figures.turns));
            prop_assert!(u64::from(figures.longest_turn) <= figures.turn_time);
        }
        prop_assert_eq!(call.latencies.num(), call.caller.latencies.num() + call.agent.latencies.num());
        // With the parties exchanged, everything is as before for the other one. Only who is first when both begin and
        // end in the same frames is decided for the caller.
        let exchanged = Conversation::of(&Speech { inbound: outbound.clone(), outbound: inbound.clone() });
        if !inbound.iter().any(|one| outbound.iter().any(|other| one == other)) {
            prop_assert_eq!((exchanged.caller, exchanged.agent), (call.agent, call.caller));
        }
    }

    #[test]
    fn later_speech_has_the_same_figures(inbound in track(), outbound in track(), by in 0..5000_u32) {
        let later = |segments: &[Segment]| -> Vec<_> {
            segments.iter().map(|segment| Segment { start: segment.start + by, end: segment.end + by }).collect()
        };
        let moved = Conversation::of(&Speech { inbound: later(&inbound), outbound: later(&outbound) });
        let call = Conversation::of(&Speech { inbound, outbound });
        prop_assert_eq!((&moved.caller, &moved.agent), (&call.caller, &call.agent));
        prop_assert_eq!((moved.silence, moved.overlap), (call.silence, call.overlap));
    }
}
