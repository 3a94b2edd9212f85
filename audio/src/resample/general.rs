//! All other ratios, with the FFT resampler of `rubato`.
//!
//!
//! It takes blocks of a fixed size. Input is gathered into such blocks, so the output does not depend on how the input
//! was cut. The resampler's delay is removed from the start, and the end is cut to the exact length.

use std::fmt;

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use super::resampled_len;

/// Minimum block length, in samples at the lower rate. Longer blocks extend the pass-band closer to half that rate.
const BLOCK: usize = 1024;

/// Full scale: samples are divided by this to lie between -1 and 1.
const SCALE: f64 = 32768.0;

/// Resamples between any two rates.
pub struct General {
    from_hz: u32,
    to_hz: u32,
    fft: Fft<f64>,
    input: Vec<f64>,
    output: Vec<f64>,
    /// Number of samples in `input`.
    gathered: usize,
    /// Samples pushed since the start.
    pushed: u64,
    /// Samples output since the start.
    given: u64,
    /// Samples of the filter's delay still to be dropped.
    delay: usize,
}

impl General {
    pub fn new(from_hz: u32, to_hz: u32) -> Self {
        let divisor = gcd(from_hz, to_hz);
        let [step_in, step_out] = [from_hz / divisor, to_hz / divisor].map(|step| step as usize);
        // A power of two keeps the transform lengths products of small primes.
        let steps = BLOCK.div_ceil(step_in.min(step_out)).next_power_of_two();
        let window = WindowFunction::BlackmanHarris2;
        let fft = Fft::new_custom(from_hz as usize, to_hz as usize, steps * step_in, 1, 1, window, FixedSync::Both);
        let Ok(fft) = fft else {
            unreachable!("rates and block are above 0");
        };
        Self {
            from_hz,
            to_hz,
            input: vec![0.0; fft.input_frames_next()],
            output: vec![0.0; fft.output_frames_next()],
            gathered: 0,
            pushed: 0,
            given: 0,
            delay: fft.output_delay(),
            fft,
        }
    }

    pub fn push(&mut self, mut input: &[i16], out: &mut Vec<i16>) {
        self.pushed += input.len() as u64;
        while !input.is_empty() {
            let (taken, rest) = input.split_at(input.len().min(self.input.len() - self.gathered));
            for (slot, &sample) in self.input[self.gathered..].iter_mut().zip(taken) {
                *slot = f64::from(sample) / SCALE;
            }
            self.gathered += taken.len();
            input = rest;
            if self.gathered == self.input.len() {
                self.transform(u64::MAX, out);
            }
        }
    }

    /// Flushes the samples that are held back, followed by silence, and resets the resampler.
    pub fn finish(&mut self, out: &mut Vec<i16>) {
        let total = resampled_len(self.pushed, self.from_hz, self.to_hz);
        while self.given < total {
            self.input[self.gathered..].fill(0.0);
            self.transform(total, out);
        }
        self.fft.reset();
        self.gathered = 0;
        self.pushed = 0;
        self.given = 0;
        self.delay = self.fft.output_delay();
    }

    /// Resamples the block in `input` and appends the output, up to `total` samples since the start.
    fn transform(&mut self, total: u64, out: &mut Vec<i16>) {
        let (inputs, outputs) = (self.input.len(), self.output.len());
        let input = SequentialSlice::new(&self.input, 1, inputs);
        let output = SequentialSlice::new_mut(&mut self.output, 1, outputs);
        let (Ok(input), Ok(mut output)) = (input, output) else {
            unreachable!("one channel fills its buffer");
        };
        if self.fft.process_into_buffer(&input, &mut output, None).is_err() {
            unreachable!("the buffers have the sizes that the resampler asked for");
        }
        self.gathered = 0;
        let skip = self.delay.min(outputs);
        self.delay -= skip;
        let wanted = usize::try_from(total - self.given).unwrap_or(usize::MAX).min(outputs - skip);
        // A cast from float to integer saturates.
        out.extend(self.output[skip..skip + wanted].iter().map(|&value| (value * SCALE).round() as i16));
        self.given += wanted as u64;
    }
}

impl fmt::Debug for General {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("General").field("from_hz", &self.from_hz).field("to_hz", &self.to_hz).finish_non_exhaustive()
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
