//! The noise floor around a frame: a low percentile of the levels of the seconds before and after it.

use super::level::{FULL_SCALE, Level, SILENT};

/// Frames that share a noise floor: 0.5 s.
pub(super) const BLOCK: usize = 25;

/// Frames measured to each side of a block: 5 s.
const SIDE: usize = 250;

/// Frames measured at a time: a block and one of its sides.
pub(super) const WINDOW: usize = SIDE + BLOCK;

/// Fewest levels in a window that say anything.
const FEWEST: u16 = 50;

/// Levels that share a coarse counter.
const COARSE: u16 = 64;

/// Number of the levels from 0 to full scale.
const LEVELS: usize = 7681;

/// Percentiles of a sliding window of levels. Counters for each level, and coarse ones for 64 levels each, make a
/// change of the window two additions, and a percentile a walk over at most 121 and 64 counters.
#[derive(Debug)]
pub(super) struct Percentile {
    counts: Box<[u16]>,
    coarse: Box<[u16]>,
    total: u16,
    silent: u16,
}

impl Percentile {
    pub(super) fn new() -> Self {
        let coarse = usize::from(FULL_SCALE / COARSE) + 1;
        Self { counts: vec![0; LEVELS].into(), coarse: vec![0; coarse].into(), total: 0, silent: 0 }
    }

    /// Adds a frame's level, unless it is digitally silent.
    pub(super) fn insert(&mut self, level: Level) {
        if level > SILENT {
            self.counts[usize::from(level)] += 1;
            self.coarse[usize::from(level / COARSE)] += 1;
            self.total += 1;
        } else {
            self.silent += 1;
        }
    }

    /// Removes a level that was [inserted](Self::insert).
    pub(super) fn remove(&mut self, level: Level) {
        if level > SILENT {
            self.counts[usize::from(level)] -= 1;
            self.coarse[usize::from(level / COARSE)] -= 1;
            self.total -= 1;
        } else {
            self.silent -= 1;
        }
    }

    /// The level at index `n * percent / 100`, rounded down, of the `n` sorted levels; none if there are too few.
    pub(super) fn get(&self, percent: u16) -> Option<Level> {
        if self.total < FEWEST { None } else { self.at(self.total * percent / 100) }
    }

    /// As [`get`](Self::get), but of the digitally silent levels too.
    pub(super) fn of_all(&self, percent: u16) -> Option<Level> {
        if self.total < FEWEST {
            return None;
        }
        match ((self.total + self.silent) * percent / 100).checked_sub(self.silent) {
            Some(index) => self.at(index),
            None => Some(SILENT),
        }
    }

    fn at(&self, index: u16) -> Option<Level> {
        let mut before = index;
        let mut skip = |counts: &[u16]| {
            counts.iter().position(|&count| {
                let here = before < count;
                before -= if here { 0 } else { count };
                here
            })
        };
        let first = skip(&self.coarse)? * usize::from(COARSE);
        let level = first + skip(&self.counts[first..])?;
        Level::try_from(level).ok()
    }
}

/// Percentiles of all levels of a call so far, to 0.75 dB.
#[derive(Debug)]
pub(super) struct Totals {
    counts: [u32; 121],
    total: u32,
}

impl Totals {
    pub(super) fn new() -> Self {
        Self { counts: [0; 121], total: 0 }
    }

    pub(super) fn insert(&mut self, level: Level) {
        self.counts[usize::from(level / COARSE)] += 1;
        self.total += 1;
    }

    /// Number of levels so far.
    pub(super) fn count(&self) -> u32 {
        self.total
    }

    /// The lowest level of the counter of the level at index `n * permille / 1000` of the `n` sorted ones; none of
    /// fewer than `fewest`.
    pub(super) fn get(&self, permille: u32, fewest: u32) -> Option<Level> {
        if self.total < fewest {
            return None;
        }
        let mut before = u64::from(self.total) * u64::from(permille) / 1000;
        let counter = self.counts.iter().position(|&count| {
            let here = before < u64::from(count);
            before -= if here { 0 } else { u64::from(count) };
            here
        })?;
        Level::try_from(counter).ok().map(|counter| counter * COARSE)
    }
}
