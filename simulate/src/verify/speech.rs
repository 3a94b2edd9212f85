//! Compares the analytics that the service computed with the speech that was sent. The rules about turns and
//! interruptions are written once more here, as docs/analytics.md states them, so that the service cannot check itself.

use crate::{
    answer::{Computed, PartyFigures},
    frame::Track,
    synthetic::Synthetic,
};

/// How far figures may be off: seconds, or this part of them if that is more.
const TALK_TIME: f64 = 0.3;
const SILENCE: f64 = 0.5;
const OVERLAP: f64 = 0.3;
const SHARE: f64 = 0.06;
/// How far the median latency of a party may be off, in seconds.
const LATENCY: f64 = 0.2;
/// The service joins speech over pauses up to this, and drops speech that is shorter than the other, in milliseconds.
const BRIDGED: u32 = 300;
const SHORTEST: u32 = 120;
/// How far the ends of found speech are from those of what was sent, both ends of a pause together, in milliseconds. A
/// pause or a stretch of speech that is this close to a limit above may be taken either way. Dialogues have none, but
/// lost frames make some.
const EITHER_WAY: u32 = 100;

/// How computed analytics differ from what was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpeechFindings {
    /// The largest difference of a party's talk time, in seconds.
    pub talk_time: f64,
    /// The largest difference of a party's median latency, in seconds.
    pub latency: f64,
    /// The largest difference of a count: turns, interruptions and backchannels of a party.
    pub counts: u32,
    /// A sentence about the first figure that is outside its tolerance.
    pub wrong: Option<String>,
}

/// A stretch of speech, in milliseconds.
type Segment = (u32, u32);

/// What was sent, and what follows from it. The caller's figures come first.
#[derive(Debug, Default, PartialEq)]
struct Sent {
    segments: [Vec<Segment>; 2],
    turns: [u32; 2],
    interruptions: [u32; 2],
    backchannels: [u32; 2],
    latencies: [Vec<u32>; 2],
    silence: u32,
    overlap: u32,
}

/// Compares the analytics of a call. `found` are the items of the call that are in its recording; if some are missing,
/// only talk time is compared.
pub(super) fn compare(
    audio: &Synthetic,
    call: u32,
    found: &[usize],
    is_whole: bool,
    computed: &Computed,
) -> SpeechFindings {
    let segments = |bridged, shortest| segments(audio, call, found, bridged, shortest);
    let sent = Sent::of(segments(BRIDGED, SHORTEST));
    let least = segments(BRIDGED - EITHER_WAY, SHORTEST + EITHER_WAY).map(talk_time);
    let most = segments(BRIDGED + EITHER_WAY, SHORTEST - EITHER_WAY).map(talk_time);
    let mut findings = SpeechFindings::default();
    let parties = [("caller", &computed.parties.caller), ("agent", &computed.parties.agent)];
    for (index, (name, party)) in parties.into_iter().enumerate() {
        let talk_time = party.talk_time.clamp(least[index], most[index]);
        findings.talk_time = findings.talk_time.max((party.talk_time - talk_time).abs());
        findings.near(&format!("the {name}'s talk time"), party.talk_time, talk_time, TALK_TIME);
        if is_whole {
            findings.compare_party(name, party, &sent, index);
        }
    }
    if is_whole {
        findings.near("the silence", computed.silence.total, seconds(sent.silence), SILENCE);
        findings.near("the overlap", computed.overlap.total, seconds(sent.overlap), OVERLAP);
    }
    findings
}

impl SpeechFindings {
    fn compare_party(&mut self, name: &str, party: &PartyFigures, sent: &Sent, index: usize) {
        let counts = [
            ("turns", party.turns, sent.turns[index]),
            ("interruptions", party.interruptions, sent.interruptions[index]),
            ("backchannels", party.backchannels, sent.backchannels[index]),
            ("responses", party.response_latency.num, sent.latencies[index].len() as u32),
        ];
        for (what, computed, sent) in counts {
            self.counts = self.counts.max(computed.abs_diff(sent));
            if computed != sent {
                self.say(|| format!("The {name} has {computed} {what}; {sent} were sent."));
            }
        }
        let Some((median, expected)) = party.response_latency.p50.zip(median(&sent.latencies[index])) else { return };
        let difference = (median / 1e3 - expected).abs();
        self.latency = self.latency.max(difference);
        if difference > LATENCY {
            self.say(|| format!("The {name}'s median latency is {:.3} s; it should be {expected:.3} s.", median / 1e3));
        }
    }

    fn near(&mut self, what: &str, computed: f64, sent: f64, tolerance: f64) {
        if (computed - sent).abs() > tolerance.max(SHARE * sent) {
            self.say(|| format!("By the computed analytics, {what} is {computed:.3} s; it should be {sent:.3} s."));
        }
    }

    fn say(&mut self, sentence: impl FnOnce() -> String) {
        self.wrong.get_or_insert_with(sentence);
    }
}

/// How long somebody speaks, in seconds.
fn talk_time(segments: Vec<Segment>) -> f64 {
    seconds(segments.iter().map(|(start, end)| end - start).sum())
}

fn seconds(milliseconds: u32) -> f64 {
    f64::from(milliseconds) / 1e3
}

fn median(latencies: &[u32]) -> Option<f64> {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let middle = sorted.get(sorted.len() / 2).copied()?;
    let other = sorted[(sorted.len() - 1) / 2];
    Some((seconds(middle) + seconds(other)) / 2.0)
}

/// The speech of the frames that are in a recording, as a service finds it at best, joined over pauses up to `bridged`
/// and without what is shorter than `shortest`.
fn segments(audio: &Synthetic, call: u32, found: &[usize], bridged: u32, shortest: u32) -> [Vec<Segment>; 2] {
    let mut segments = [Vec::<Segment>::new(), Vec::new()];
    for frame in found.iter().map(|item| audio.frame(*item)).filter(|frame| audio.speaks(call, *frame)) {
        let track = &mut segments[usize::from(frame.track == Track::Outbound)];
        let (start, end) = (frame.timestamp_ms, frame.timestamp_ms + audio.frame_ms());
        match track.last_mut() {
            Some((_, last)) if start <= *last + bridged => *last = end,
            _ => track.push((start, end)),
        }
    }
    segments.iter_mut().for_each(|track| track.retain(|(start, end)| end - start >= shortest));
    segments
}

impl Sent {
    fn of(segments: [Vec<Segment>; 2]) -> Self {
        let mut sent = Self::default();
        let mut all: Vec<_> =
            (0..2).flat_map(|party| segments[party].iter().map(move |segment| (*segment, party))).collect();
        all.sort_unstable();
        let mut turns: Vec<(Segment, usize)> = Vec::new();
        let mut spoken: Option<u32> = None;
        for ((start, end), party) in all {
            let until = spoken.unwrap_or(start);
            sent.silence += start.saturating_sub(until);
            sent.overlap += until.min(end).saturating_sub(start);
            spoken = Some(until.max(end));
            // Speech is farther apart than what is under way over a pause, so its segments are not joined here.
            let other = segments[1 - party].iter().find(|(from, to)| *from < start && start < *to);
            let overlap = other.map_or(0, |(_, to)| end.min(*to) - start);
            sent.interruptions[party] += u32::from(overlap > 500);
            if other.is_some_and(|(_, to)| end <= to + 100) {
                sent.backchannels[party] += u32::from(overlap <= 500);
                continue;
            }
            match turns.last_mut() {
                Some(((_, last), who)) if *who == party && start.saturating_sub(*last) <= 3_000 => {
                    *last = (*last).max(end);
                    continue;
                }
                Some(((_, last), who)) if *who != party => sent.latencies[party].push(start.saturating_sub(*last)),
                Some(_) | None => {}
            }
            turns.push(((start, end), party));
            sent.turns[party] += 1;
        }
        sent.segments = segments;
        sent
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::answer::{Parties, Total};

    #[test]
    fn the_example_of_the_documents_has_its_figures() {
        let caller = vec![(3_200, 5_200), (8_000, 8_400), (11_800, 15_000)];
        let sent = Sent::of([caller, vec![(0, 2_400), (6_000, 13_000), (16_400, 18_000)]]);
        assert_eq!((sent.turns, sent.interruptions, sent.backchannels), ([2, 3], [1, 0], [1, 0]));
        assert_eq!(sent.latencies, [vec![800, 0], vec![800, 1_400]]);
        assert_eq!((sent.silence, sent.overlap), (3_000, 1_600));
        assert_eq!((median(&sent.latencies[1]), median(&[])), (Some(1.1), None));
    }

    #[test]
    fn a_pause_of_lost_frames_may_be_joined_or_not_if_it_is_near_the_limit() {
        let audio = Synthetic::new(7, Duration::from_secs(6), 2, 20);
        let is_agent = |item: &usize| audio.frame(*item).track == Track::Outbound;
        let spoken = (0..audio.frames()).filter(|item| is_agent(item) && audio.speaks(0, audio.frame(*item)));
        let first = spoken.clone().nth(20).unwrap_or_default();
        let wrong = |lost: usize, talk_time: f64| {
            // Frames of the two tracks take turns, and the agent begins with more than a second of speech.
            let found: Vec<_> = spoken.clone().filter(|item| !(first..first + 2 * lost).contains(item)).collect();
            let party = |talk_time| PartyFigures { talk_time, ..PartyFigures::default() };
            let parties = Parties { caller: party(0.0), agent: party(talk_time) };
            let computed = Computed { parties, silence: Total::default(), overlap: Total::default() };
            compare(&audio, 0, &found, false, &computed).wrong.is_some()
        };
        let whole = spoken.clone().count() as f64 * 0.02;
        assert!(!wrong(16, whole) && !wrong(16, whole - 0.32));
        assert!(wrong(16, whole + 0.32) && wrong(16, whole - 0.64));
        assert!(!wrong(30, whole - 0.6) && wrong(30, whole));
    }

    #[test]
    fn what_is_outside_its_tolerance_is_told_first_of_all() {
        let mut findings = SpeechFindings::default();
        findings.near("the silence", 1.4, 1.0, SILENCE);
        findings.near("the silence", 1_050.0, 1_000.0, SILENCE);
        assert_eq!(findings.wrong, None);
        findings.near("the silence", 1.6, 1.0, SILENCE);
        findings.near("the overlap", 9.0, 1.0, OVERLAP);
        let wrong = "By the computed analytics, the silence is 1.600 s; it should be 1.000 s.";
        assert_eq!(findings.wrong.as_deref(), Some(wrong));
    }
}
