//! The algorithm `energy-1` for one track: speech is what is 6 dB above the noise floor, and what is 3 dB above it
//! around that.

use super::{
    floor::{BLOCK, WINDOW},
    gate::Gate,
    level::Level,
    noise::Noise,
    segment::Segment,
};

/// A segment begins at this level above the floor (6 dB), and ends at this one (3 dB).
pub(super) const ON: Level = 510;
const OFF: Level = 255;
/// Lowest threshold to begin (-54 dBFS), and to end (-57 dBFS).
pub(super) const LOWEST_ON: Level = 3088;
pub(super) const LOWEST_OFF: Level = 2833;

/// One track.
#[derive(Debug)]
pub(super) struct Energy1 {
    noise: Noise,
    /// Number of frames so far.
    frames: usize,
    /// Frames up to which windows have ended; a multiple of `BLOCK`.
    ended: usize,
    gate: Gate,
}

impl Energy1 {
    pub(super) fn new() -> Self {
        Self { noise: Noise::new(), frames: 0, ended: 0, gate: Gate::default() }
    }

    /// Takes the level of the next frame.
    pub(super) fn push(&mut self, level: Level) {
        self.noise.push(self.frames, level);
        self.frames += 1;
        if self.frames.is_multiple_of(BLOCK) {
            self.end_window();
        }
    }

    /// Ends the audio and returns the segments.
    pub(super) fn finish(mut self) -> Vec<Segment> {
        while self.ended < self.frames.next_multiple_of(BLOCK) + WINDOW - BLOCK {
            self.end_window();
        }
        self.gate.finish(0)
    }

    /// Ends a window, and decides the block that it begins with.
    fn end_window(&mut self) {
        self.ended += BLOCK;
        self.noise.end_window(self.ended);
        let Some(block) = self.ended.checked_sub(WINDOW) else { return };
        let floor = self.noise.floor(block).level;
        let (on, off) = ((floor + ON).max(LOWEST_ON), (floor + OFF).max(LOWEST_OFF));
        for frame in block..self.frames.min(block + BLOCK) {
            let level = self.noise.level(frame);
            self.gate.push(level >= on, level >= off, level);
        }
    }
}
