//! Who speaks when in a synthetic call: two parties that take turns, pause, interrupt each other and say something
//! short while the other goes on. A run has a few dialogues, which repeat until a call ends.
//!
//! Nothing that a service has to decide by a limit happens close to it: speech that overlaps by 0.5 s, pauses of 0.3 s
//! within what a party says. So a service that finds speech a little early or late counts the same turns.

use crate::frame::Track;

/// Utterances of a dialogue.
const UTTERANCES: usize = 12;
/// Frames that are longer have no overlapping speech, which would come too close to a limit.
const OVERLAPS_UP_TO_MS: u32 = 100;

/// A dialogue, frame by frame.
#[derive(Debug)]
pub(crate) struct Dialogue {
    /// Who speaks in each frame: 1 for the caller, 2 for the agent, 3 for both.
    frames: Vec<u8>,
}

/// A dialogue that is being made up.
struct Draft<'a> {
    random: &'a mut fastrand::Rng,
    frame_ms: u32,
    frames: Vec<u8>,
}

impl Dialogue {
    /// Makes up a dialogue in frames of `frame_ms`. The agent begins.
    pub(crate) fn new(random: &mut fastrand::Rng, frame_ms: u32) -> Self {
        let mut draft = Draft { random, frame_ms, frames: Vec::new() };
        let (mut track, mut at, mut interrupts) = (Track::Outbound, draft.count(600), false);
        for _ in 0..UTTERANCES {
            // Who interrupts has the floor for longer than the other one goes on.
            let length = if interrupts { draft.between(2_600, 4_000) } else { draft.between(1_200, 3_600) };
            draft.speak(track, at, length);
            interrupts = false;
            let overlaps = frame_ms <= OVERLAPS_UP_TO_MS;
            match draft.random.u32(0..6) {
                0 if overlaps && length >= draft.count(2_200) => {
                    let (after, short) = (draft.count(1_300), draft.count(300));
                    draft.speak(track.other(), at + after, short);
                    at += length + draft.between(300, 1_400);
                    track = track.other();
                }
                1 => at += length + draft.between(600, 1_200),
                2 if overlaps => {
                    at += length - draft.count(800);
                    track = track.other();
                    interrupts = true;
                }
                _ => {
                    at += length + draft.between(200, 1_400);
                    track = track.other();
                }
            }
        }
        if interrupts {
            let length = draft.count(2_600);
            draft.speak(track, at, length);
        }
        let tail = draft.count(800);
        draft.frames.resize(draft.frames.len() + tail, 0);
        Self { frames: draft.frames }
    }

    /// Whether the party of a track speaks in a frame, counted from 0.
    pub(crate) fn speaks(&self, track: Track, frame: u32) -> bool {
        self.frames[frame as usize % self.frames.len()] & bit(track) != 0
    }
}

fn bit(track: Track) -> u8 {
    match track {
        Track::Inbound => 1,
        Track::Outbound => 2,
    }
}

impl Draft<'_> {
    /// The frames of a time, rounded up.
    fn count(&self, milliseconds: u32) -> usize {
        milliseconds.div_ceil(self.frame_ms) as usize
    }

    fn between(&mut self, least_ms: u32, most_ms: u32) -> usize {
        let milliseconds = self.random.u32(least_ms..most_ms);
        self.count(milliseconds)
    }

    fn speak(&mut self, track: Track, start: usize, length: usize) {
        self.frames.resize(self.frames.len().max(start + length), 0);
        self.frames[start..start + length].iter_mut().for_each(|frame| *frame |= bit(track));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_speak_and_nobody_pauses_for_about_the_time_that_is_bridged() {
        for frame_ms in [20, 40, 100, 250, 1_000] {
            for seed in 0..50 {
                let dialogue = Dialogue::new(&mut fastrand::Rng::with_seed(seed), frame_ms);
                for track in [Track::Inbound, Track::Outbound] {
                    let frames = 0..2 * dialogue.frames.len() as u32;
                    let spoken: Vec<_> = frames.filter(|frame| dialogue.speaks(track, *frame)).collect();
                    assert!(spoken.len() as u32 * frame_ms > 4_000, "{frame_ms} {seed}");
                    let pauses = spoken.windows(2).map(|pair| (pair[1] - pair[0] - 1) * frame_ms);
                    let close = pauses.filter(|pause| (1..=440).contains(pause)).count();
                    assert!(close == 0 || frame_ms > OVERLAPS_UP_TO_MS, "{frame_ms} {seed}");
                }
                assert!(!dialogue.speaks(Track::Inbound, 0) && !dialogue.speaks(Track::Outbound, 0));
            }
        }
    }
}
