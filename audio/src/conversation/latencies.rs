//! Response latencies, and what a list of them comes to.

use super::units::FRAME_MS;
use crate::number::{index, wide};

/// How long responses took. Figures are in whole milliseconds, rounded half up, and `None` if there is no response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// In frames, in ascending order.
    sorted: Vec<u32>,
}

impl Latencies {
    /// Latencies in frames, in any order.
    pub(super) fn new(frames: impl Iterator<Item = u32>) -> Self {
        let mut sorted: Vec<_> = frames.collect();
        sorted.sort_unstable();
        Self { sorted }
    }

    /// The number of responses.
    #[must_use]
    pub fn num(&self) -> usize {
        self.sorted.len()
    }

    /// The shortest.
    #[must_use]
    pub fn min_ms(&self) -> Option<u64> {
        self.sorted.first().map(|frames| milliseconds(*frames))
    }

    /// The longest.
    #[must_use]
    pub fn max_ms(&self) -> Option<u64> {
        self.sorted.last().map(|frames| milliseconds(*frames))
    }

    /// The mean.
    #[must_use]
    pub fn mean_ms(&self) -> Option<u64> {
        let (num, sum) = (wide(self.num()), self.sorted.iter().map(|frames| milliseconds(*frames)).sum::<u64>());
        (num > 0).then(|| (2 * sum + num) / (2 * num))
    }

    /// The median.
    #[must_use]
    pub fn p50_ms(&self) -> Option<u64> {
        self.percentile_ms(50)
    }

    /// A percentile, 0 to 100. Between two ranks it is interpolated, as numpy does by default: of `n` values, the place
    /// is `(n - 1) * percent / 100`.
    #[must_use]
    pub fn percentile_ms(&self, percent: u8) -> Option<u64> {
        let last = self.num().checked_sub(1)?;
        let percent = index(u32::from(percent.min(100)));
        // Not `last * percent / 100` at once, which could overflow.
        let (whole, rest) = (last / 100 * percent + last % 100 * percent / 100, last % 100 * percent % 100);
        let low = milliseconds(*self.sorted.get(whole)?);
        let high = self.sorted.get(whole + 1).map_or(low, |frames| milliseconds(*frames));
        Some((low * 100 + (high - low) * wide(rest) + 50) / 100)
    }
}

fn milliseconds(frames: u32) -> u64 {
    u64::from(frames) * FRAME_MS
}
