//! The algorithm `energy-1` for one track: speech is what is 6 dB above the noise floor, and what is 3 dB above it
//! around that.

use super::{
    floor::{BLOCK, Percentile, WINDOW},
    gate::Gate,
    level::Level,
    segment::Segment,
};

/// A segment begins at this level above the floor (6 dB), and ends at this one (3 dB).
const ON: Level = 510;
const OFF: Level = 255;
/// Lowest threshold to begin (-54 dBFS), and to end (-57 dBFS).
const LOWEST_ON: Level = 3088;
const LOWEST_OFF: Level = 2833;
/// Lowest floor, -62 dBFS, which is also that of a track with nothing to measure; and the highest, -20 dBFS.
const LOWEST_FLOOR: Level = 2407;
const HIGHEST_FLOOR: Level = 5979;
/// The percentile of the levels that is the floor.
const PERCENT: u16 = 5;

/// Levels kept: the window, and the block that leaves it next.
const KEPT: usize = WINDOW + BLOCK;
/// Windows that overlap a block: the one that ends with it up to the one that begins with it.
const WINDOWS: usize = WINDOW / BLOCK;

/// One track. Block `b` is decided when the window that begins with it is complete, 5.5 s later.
#[derive(Debug)]
pub(super) struct Energy1 {
    /// Level of frame `i` at `i % KEPT`.
    levels: [Level; KEPT],
    /// Number of frames so far.
    frames: usize,
    /// Frames up to which windows have ended; a multiple of `BLOCK`.
    ended: usize,
    window: Percentile,
    /// The percentile of the window that ended with block `n`, at `n % WINDOWS`; 0 if it had too few levels.
    percentiles: [Level; WINDOWS],
    gate: Gate,
}

impl Energy1 {
    pub(super) fn new() -> Self {
        Self {
            levels: [0; KEPT],
            frames: 0,
            ended: 0,
            window: Percentile::new(),
            percentiles: [0; WINDOWS],
            gate: Gate::default(),
        }
    }

    /// Takes the level of the next frame.
    pub(super) fn push(&mut self, level: Level) {
        // The block that is behind the window leaves it when the first frame of the next one comes.
        self.levels[self.frames % KEPT] = level;
        self.window.insert(level);
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
        self.gate.finish()
    }

    /// Ends the window of the frames `[end - WINDOW, end)`, and decides the block that it begins with.
    fn end_window(&mut self) {
        let end = self.ended + BLOCK;
        if let Some(first) = end.checked_sub(WINDOW + BLOCK) {
            (first..first + BLOCK).for_each(|frame| self.window.remove(self.levels[frame % KEPT]));
        }
        let after = self.window.get(PERCENT).unwrap_or_default();
        self.percentiles[self.ended / BLOCK % WINDOWS] = after;
        self.ended = end;
        let Some(block) = end.checked_sub(WINDOW) else { return };
        let before = self.percentiles[block / BLOCK % WINDOWS];
        let floor = before.max(after).clamp(LOWEST_FLOOR, HIGHEST_FLOOR);
        let (on, off) = ((floor + ON).max(LOWEST_ON), (floor + OFF).max(LOWEST_OFF));
        for frame in block..self.frames.min(block + BLOCK) {
            let level = self.levels[frame % KEPT];
            self.gate.push(level >= on, level >= off);
        }
    }
}
