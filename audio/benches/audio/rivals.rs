//! Other ways to double or triple a sample rate, behind one trait.

use audio::Resampler;
use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler as _};

/// Doubles or triples the rate of one channel, piece by piece.
pub(crate) trait Upsampler {
    /// From 8 kHz to a multiple of it.
    fn new(to_hz: u32) -> Self;

    /// Appends the output that is ready.
    fn push(&mut self, input: &[i16], out: &mut Vec<i16>);
}

pub(crate) struct Ours(Resampler);

impl Upsampler for Ours {
    fn new(to_hz: u32) -> Self {
        Self(Resampler::new(8000, to_hz))
    }

    fn push(&mut self, input: &[i16], out: &mut Vec<i16>) {
        self.0.push(input, out);
    }
}

/// Linear interpolation without state, as it is commonly done: each piece on its own, with its last sample repeated.
pub(crate) struct Naive {
    step: f64,
}

impl Upsampler for Naive {
    fn new(to_hz: u32) -> Self {
        Self { step: 8000.0 / f64::from(to_hz) }
    }

    fn push(&mut self, input: &[i16], out: &mut Vec<i16>) {
        let length = (input.len() as f64 / self.step).round() as usize;
        for n in 0..length {
            let position = n as f64 * self.step;
            let index = position.floor() as usize;
            let fraction = position - index as f64;
            let first = f64::from(input[index]);
            let second = f64::from(input[(index + 1).min(input.len() - 1)]);
            out.push((first + (second - first) * fraction).round() as i16);
        }
    }
}

/// rubato's FFT resampler in 32-bit floats, by blocks of 1,024 samples.
pub(crate) struct Rubato {
    fft: Fft<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Upsampler for Rubato {
    fn new(to_hz: u32) -> Self {
        let fft = Fft::new(8000, to_hz as usize, 1024, 1, FixedSync::Both).unwrap();
        Self { input: Vec::with_capacity(1024), output: vec![0.0; fft.output_frames_next()], fft }
    }

    fn push(&mut self, mut input: &[i16], out: &mut Vec<i16>) {
        let block = self.fft.input_frames_next();
        while !input.is_empty() {
            let (taken, rest) = input.split_at(input.len().min(block - self.input.len()));
            self.input.extend(taken.iter().map(|&sample| f32::from(sample)));
            input = rest;
            if self.input.len() == block {
                let frames = self.output.len();
                let source = SequentialSlice::new(&self.input, 1, block).unwrap();
                let mut target = SequentialSlice::new_mut(&mut self.output, 1, frames).unwrap();
                self.fft.process_into_buffer(&source, &mut target, None).unwrap();
                out.extend(self.output.iter().map(|&sample| (sample + 0.5).floor() as i16));
                self.input.clear();
            }
        }
    }
}

/// libsoxr's "high quality", samples in and out (which dithers).
#[cfg(feature = "soxr")]
pub struct Soxr {
    soxr: soxr::Soxr<soxr::format::Mono<i16>>,
    factor: usize,
    output: Vec<i16>,
}

#[cfg(feature = "soxr")]
impl Upsampler for Soxr {
    fn new(to_hz: u32) -> Self {
        let soxr = soxr::Soxr::new(8000.0, f64::from(to_hz)).unwrap();
        Self { soxr, factor: to_hz as usize / 8000, output: Vec::new() }
    }

    fn push(&mut self, input: &[i16], out: &mut Vec<i16>) {
        self.output.resize(input.len() * self.factor + 4096, 0);
        let mut done = 0;
        while done < input.len() {
            let step = self.soxr.process(&input[done..], &mut self.output).unwrap();
            done += step.input_frames;
            out.extend_from_slice(&self.output[..step.output_frames]);
        }
    }
}
