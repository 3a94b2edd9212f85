//! The algorithm `energy-2`, which takes both tracks together.
//!
//! It adds to `energy-1`:
//! - Two levels of a frame: of all of it, and of what is left without rumble. Either one makes speech.
//! - Thresholds that rise with the unsteadiness of the noise, so that babble and rumble do not reach them. A segment in
//!   unsteady noise must also have a frame that is about as loud as the track's speech.
//! - An echo of the other track is no speech.
//! - Tones are no speech.

use super::{
    echo::Echo,
    energy1::{LOWEST_OFF, LOWEST_ON, ON},
    filter::{self, HighPass},
    floor::{BLOCK, Totals, WINDOW},
    frame::Frame,
    gate::Gate,
    level::{Level, SILENT, level},
    noise::{Floor, KEPT, Noise},
    segment::Segment,
    tones::is_tone,
};

/// The threshold to begin is this many times the spread of the noise above the floor. Without rumble, the spread of the
/// steadier window counts, with it that of the other one.
const SPREADS: Level = 7;
const SPREADS_WITH_RUMBLE: Level = 6;
/// The threshold rises to the larger of this one above the floor (12 dB) and this one below the loudest speech (16 dB).
const MOST_ABOVE_FLOOR: Level = 1020;
const BELOW_SPEECH: Level = 1360;
/// With rumble, it rises to this one above the floor (35 dB).
const MOST_WITH_RUMBLE: Level = 3000;
/// Noise is unsteady if it calls for a threshold of more than this above the floor (10 dB) ...
const UNSTEADY: Level = 850;
/// ... and a segment in it has a frame within this distance of the loudest speech (12 dB).
const WEIGHTY: Level = 1020;
/// So many of a thousand levels of a track are below its loudest speech, once there are this many.
const LOUDEST_PERMILLE: u32 = 980;
const LOUDEST_FEWEST: u32 = 50;
/// Frames after which an echo is over: 400 ms.
const ECHO: usize = 20;
/// Fewest tonal frames in a row that are a tone. The frames that it begins and ends in belong to it.
const TONE: usize = 4;

/// Both tracks.
#[derive(Debug)]
pub(super) struct Energy2 {
    tracks: [Track; 2],
    /// Number of frames so far.
    frames: usize,
    /// Frames up to which windows have ended; a multiple of `BLOCK`.
    ended: usize,
}

impl Energy2 {
    pub(super) fn new() -> Self {
        Self { tracks: [Track::new(), Track::new()], frames: 0, ended: 0 }
    }

    /// Takes the next frame of both tracks.
    pub(super) fn push(&mut self, frames: &[Frame; 2]) {
        for (track, samples) in self.tracks.iter_mut().zip(frames) {
            track.push(self.frames, samples);
        }
        self.frames += 1;
        if self.frames.is_multiple_of(BLOCK) {
            self.end_window();
        }
    }

    /// Ends the audio and returns the segments of both tracks.
    pub(super) fn finish(mut self) -> [Vec<Segment>; 2] {
        while self.ended < self.frames.next_multiple_of(BLOCK) + WINDOW - BLOCK {
            self.end_window();
        }
        self.tracks.map(|track| {
            let least = track.loudest().saturating_sub(WEIGHTY);
            track.gate.finish(least)
        })
    }

    /// Ends a window, learns from the block before the one that it ends with, and decides the one that it begins with.
    fn end_window(&mut self) {
        self.ended += BLOCK;
        for track in &mut self.tracks {
            track.all.end_window(self.ended);
            track.high.end_window(self.ended);
        }
        // A tone is known some frames after it begins, but before the next block ends.
        if let Some(block) = self.ended.checked_sub(2 * BLOCK) {
            (block..self.frames.min(block + BLOCK)).for_each(|frame| self.learn(frame));
        }
        let Some(block) = self.ended.checked_sub(WINDOW) else { return };
        let thresholds = [0, 1].map(|track: usize| self.tracks[track].thresholds(block));
        for frame in block..self.frames.min(block + BLOCK) {
            let other = [1, 0].map(|other: usize| self.tracks[other].loudest_before(frame));
            for ((track, thresholds), other) in self.tracks.iter_mut().zip(&thresholds).zip(other) {
                track.decide(frame, thresholds, other);
            }
        }
    }

    /// Learns how loud the parties speak and how much of the other one each track echoes.
    fn learn(&mut self, frame: usize) {
        let others = [1, 0].map(|other: usize| {
            let other = &self.tracks[other];
            (other.loudest_before(frame), other.loudest())
        });
        for (track, (other, loudest)) in self.tracks.iter_mut().zip(others) {
            let level = track.high.level(frame);
            if track.tones[frame % KEPT] {
                continue;
            }
            if level > SILENT {
                track.loudness.insert(level);
            }
            // Of a floor that is not known yet, nobody can say whether a sound is above it.
            let floor = track.high.latest(self.ended).or_else(|| (level <= SILENT).then_some((SILENT, 0)));
            if let Some(floor) = floor {
                track.echo.measure(level, floor, other, loudest);
            }
        }
    }
}

/// The thresholds of a block: to begin and to end, by the level without rumble and by that of everything.
#[derive(Clone, Copy, Debug)]
struct Thresholds {
    high: (Level, Level),
    all: (Level, Level),
    /// Whether the noise is unsteady.
    unsteady: bool,
}

#[derive(Debug)]
struct Track {
    filter: HighPass,
    /// Levels of whole frames.
    all: Noise,
    /// Levels without rumble.
    high: Noise,
    /// Whether frame `i` belongs to a tone, at `i % KEPT`.
    tones: [bool; KEPT],
    /// Number of tonal frames in a row.
    tonal: usize,
    loudness: Totals,
    echo: Echo,
    gate: Gate,
}

impl Track {
    fn new() -> Self {
        Self {
            filter: HighPass::new(),
            all: Noise::new(),
            high: Noise::new(),
            tones: [false; KEPT],
            tonal: 0,
            loudness: Totals::new(),
            echo: Echo::new(),
            gate: Gate::default(),
        }
    }

    fn push(&mut self, frame: usize, samples: &Frame) {
        let filtered = self.filter.push(samples);
        let all = level(samples);
        // The filter is late by 1 ms: its gain bounds what it may bring over from the frame before.
        let high = filter::level(&filtered).min(all + filter::GAIN);
        self.all.push(frame, all);
        self.high.push(frame, high);
        // A tone too quiet to be speech needs no look.
        let tonal = high >= LOWEST_OFF && is_tone(&filtered);
        let ends = !tonal && self.tonal >= TONE;
        self.tonal = if tonal { self.tonal + 1 } else { 0 };
        self.tones[frame % KEPT] = ends;
        if self.tonal >= TONE {
            (frame.saturating_sub(TONE)..=frame).for_each(|frame| self.tones[frame % KEPT] = true);
        }
    }

    /// The level of the track's loudest speech so far; 0 if there were too few frames.
    fn loudest(&self) -> Level {
        self.loudness.get(LOUDEST_PERMILLE, LOUDEST_FEWEST).unwrap_or_default()
    }

    /// The highest level of a frame and of those before it whose echo may not be over.
    fn loudest_before(&self, frame: usize) -> Level {
        let levels = (frame.saturating_sub(ECHO)..=frame).map(|frame| self.high.level(frame));
        levels.max().unwrap_or_default()
    }

    fn thresholds(&self, block: usize) -> Thresholds {
        let (high, all) = (self.high.floor(block), self.all.floor(block));
        let most = self.loudest().saturating_sub(BELOW_SPEECH).saturating_sub(high.level).max(MOST_ABOVE_FLOOR);
        let above = |floor: Floor, above: Level, most: Level| {
            let above = above.clamp(ON, most);
            ((floor.level + above).max(LOWEST_ON), (floor.level + above / 2).max(LOWEST_OFF))
        };
        let wanted = high.steadier * SPREADS;
        Thresholds {
            high: above(high, wanted, most),
            all: above(all, all.unsteadier * SPREADS_WITH_RUMBLE, MOST_WITH_RUMBLE),
            unsteady: wanted > UNSTEADY,
        }
    }

    /// Decides about a frame; `other` is the loudest level of the other track whose echo may not be over.
    fn decide(&mut self, frame: usize, thresholds: &Thresholds, other: Level) {
        let (high, all) = (self.high.level(frame), self.all.level(frame));
        let own = !self.tones[frame % KEPT] && high >= self.echo.limit(other);
        let on = high >= thresholds.high.0 || all >= thresholds.all.0;
        let off = high >= thresholds.high.1 || all >= thresholds.all.1;
        // In steady noise every segment counts.
        let weight = if thresholds.unsteady { high } else { Level::MAX };
        self.gate.push(own && on, own && off, weight);
    }
}
