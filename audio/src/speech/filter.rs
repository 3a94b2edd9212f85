//! Takes the rumble out of a track: a high-pass filter with linear phase.

use super::{
    frame::{ANALYSED, Frame},
    level::{FULL_SCALE, Level, level_of},
};

/// Samples of the mean that is subtracted: 2 ms.
const MEAN: usize = 16;

/// The most that the filter adds to a level: 3 dB, where it is not yet settled.
pub(super) const GAIN: Level = 256;

/// A filtered frame, at most twice the range of a sample.
pub(super) type Filtered = [i32; ANALYSED];

/// Subtracts the mean of the 16 samples around each sample. Gain: -24 dB at 100 Hz, -12 dB at 200 Hz, -6 dB at 300 Hz,
/// 0 to +2 dB from 500 Hz. Delay: 8 samples, 1 ms.
#[derive(Debug)]
pub(super) struct HighPass {
    /// The last samples of the frame before, and the frame.
    samples: [i32; MEAN + ANALYSED],
}

impl HighPass {
    pub(super) fn new() -> Self {
        Self { samples: [0; MEAN + ANALYSED] }
    }

    pub(super) fn push(&mut self, frame: &Frame) -> Filtered {
        self.samples.copy_within(ANALYSED.., 0);
        self.samples[MEAN..].iter_mut().zip(frame).for_each(|(into, &sample)| *into = sample.into());
        // Sums of 2, 4, 8 and 16 samples, each of two of those before: all places at once, for vector instructions.
        let mut sums = self.samples;
        for step in [1, 2, 4, 8] {
            for at in 0..sums.len() - step {
                sums[at] += sums[at + step];
            }
        }
        let mut filtered = [0; ANALYSED];
        let centres = &self.samples[MEAN / 2..];
        for ((into, centre), sum) in filtered.iter_mut().zip(centres).zip(&sums) {
            *into = (16 * centre - sum) >> 4;
        }
        filtered
    }
}

/// The level of a filtered frame's power, at most full scale.
pub(super) fn level(filtered: &Filtered) -> Level {
    let squares: u64 = filtered.iter().map(|sample| u64::from(sample.unsigned_abs()).pow(2)).sum();
    level_of(squares / u64::try_from(ANALYSED).unwrap_or(1)).min(FULL_SCALE)
}
