//! The levels of a track, and the noise around each block of frames.
//!
//! A window of levels ends with each block. The block is judged by the window that ends with it and by the one that
//! begins with it, so it is decided when the latter is complete, 5 s later.

use super::{
    floor::{BLOCK, Percentile, WINDOW},
    level::Level,
};

/// Lowest floor, -62 dBFS, which is also that of a track with nothing to measure; and the highest, -20 dBFS.
const LOWEST: Level = 2407;
const HIGHEST: Level = 5979;

/// Percentile of the levels that is the floor.
const PERCENT: u16 = 5;
/// Percentile whose distance from the floor says how unsteady the noise is.
const UPPER_PERCENT: u16 = 20;

/// Levels kept: the window, and the block that leaves it next.
pub(super) const KEPT: usize = WINDOW + BLOCK;
/// Windows that overlap a block: the one that ends with it up to the one that begins with it.
const WINDOWS: usize = WINDOW / BLOCK;

/// The noise around a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Floor {
    /// The larger of the two windows' floors, so that a step of the noise upwards is silent from its first frame.
    pub level: Level,
    /// How far the 20th percentile is above the floor, in the steadier and in the less steady window.
    pub steadier: Level,
    pub unsteadier: Level,
}

#[derive(Debug)]
pub(super) struct Noise {
    /// Level of frame `i` at `i % KEPT`.
    levels: [Level; KEPT],
    window: Percentile,
    /// Both percentiles of the window that ended with block `n`, at `n % WINDOWS`; none if it had too few levels.
    percentiles: [Option<(Level, Level)>; WINDOWS],
}

impl Noise {
    pub(super) fn new() -> Self {
        Self { levels: [0; KEPT], window: Percentile::new(), percentiles: [None; WINDOWS] }
    }

    /// Takes the level of a frame, one after the other. A window must be [ended](Self::end_window) with each block.
    pub(super) fn push(&mut self, frame: usize, level: Level) {
        self.levels[frame % KEPT] = level;
        self.window.insert(level);
    }

    /// The level of a frame, which must be one of the last [`KEPT`].
    pub(super) fn level(&self, frame: usize) -> Level {
        self.levels[frame % KEPT]
    }

    /// Ends the window of the frames `[end - WINDOW, end)`. Frames behind the end of the audio are in none.
    pub(super) fn end_window(&mut self, end: usize) {
        if let Some(first) = end.checked_sub(WINDOW + BLOCK) {
            (first..first + BLOCK).for_each(|frame| self.window.remove(self.levels[frame % KEPT]));
        }
        let percentiles = self.window.get(PERCENT).zip(self.window.of_all(UPPER_PERCENT));
        self.percentiles[(end / BLOCK - 1) % WINDOWS] = percentiles;
    }

    /// The noise around the block that begins with this frame; the window that begins with it must be the last one
    /// that ended.
    pub(super) fn floor(&self, block: usize) -> Floor {
        let number = block / BLOCK;
        let limited = |level: Level| level.clamp(LOWEST, HIGHEST);
        let sides = [number, number + WINDOWS - 1].map(|number| self.percentiles[number % WINDOWS]);
        let sides = sides.into_iter().flatten().map(|(low, upper)| (limited(low), limited(upper)));
        let spreads = sides.clone().map(|(low, upper)| upper.saturating_sub(low));
        Floor {
            level: sides.map(|(low, _)| low).max().unwrap_or(LOWEST),
            steadier: spreads.clone().min().unwrap_or_default(),
            unsteadier: spreads.max().unwrap_or_default(),
        }
    }

    /// The floor in the window that ended with the frame before `end`, and how far the 20th percentile is above it.
    /// None if the window had too few levels.
    pub(super) fn latest(&self, end: usize) -> Option<(Level, Level)> {
        let latest = (end / BLOCK).checked_sub(1).and_then(|number| self.percentiles[number % WINDOWS]);
        latest.map(|(low, upper)| (low.max(LOWEST), upper.max(LOWEST).saturating_sub(low.max(LOWEST))))
    }
}
