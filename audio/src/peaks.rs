//! Peaks of a waveform: the lowest and the highest sample of each pixel, as the audiowaveform program computes them.
//!
//! A pixel covers a fixed number of samples, and the last one what is left. Peaks of a coarser resolution whose pixels
//! are whole numbers of finer ones follow exactly from those ([`Coarser`]): the lowest of the lowest, the highest of
//! the highest.

use crate::number::{index, wide};

/// Values of a pixel per channel: its lowest and its highest sample.
pub const VALUES: usize = 2;

/// Length in bytes of the header of a `.dat` file, version 2.
pub const DAT_HEADER_LEN: usize = 24;

/// Finds the peaks of one channel, however its samples are cut.
#[derive(Debug)]
struct Mono {
    per_pixel: usize,
    /// Samples that the current pixel still lacks.
    lacking: usize,
    low: i16,
    high: i16,
    /// Finished pixels.
    ready: Vec<[i16; VALUES]>,
}

impl Mono {
    fn new(per_pixel: u32) -> Self {
        let per_pixel = index(per_pixel.max(1));
        Self { per_pixel, lacking: per_pixel, low: i16::MAX, high: i16::MIN, ready: Vec::new() }
    }

    fn push(&mut self, mut samples: &[i16]) {
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(self.lacking));
            self.low = now.iter().copied().fold(self.low, i16::min);
            self.high = now.iter().copied().fold(self.high, i16::max);
            self.lacking -= now.len();
            if self.lacking == 0 {
                self.end_pixel();
            }
            samples = later;
        }
    }

    fn end_pixel(&mut self) {
        self.ready.push([self.low, self.high]);
        (self.lacking, self.low, self.high) = (self.per_pixel, i16::MAX, i16::MIN);
    }
}

/// Finds the peaks of all channels.
///
/// ```
/// let mut meter = audio::peaks::PeakMeter::new(1, 4);
/// let mut peaks = Vec::new();
/// meter.push(&[1, -5, 3], &mut peaks);
/// meter.push(&[9, 2], &mut peaks);
/// meter.finish(&mut peaks);
/// assert_eq!(peaks, [-5, 9, 2, 2]);
/// ```
#[derive(Debug)]
pub struct PeakMeter {
    channels: Vec<Mono>,
    /// The samples of one channel, taken apart. Kept to keep its memory.
    apart: Vec<i16>,
}

impl PeakMeter {
    /// Peaks of `channels` channels, in pixels of `per_pixel` samples each. Both count as 1 if they are 0.
    #[must_use]
    pub fn new(channels: u16, per_pixel: u32) -> Self {
        Self { channels: (0..channels.max(1)).map(|_| Mono::new(per_pixel)).collect(), apart: Vec::new() }
    }

    /// Takes the next samples, interleaved in whole frames, and appends each finished pixel to `out`: for each channel,
    /// its lowest and its highest sample.
    pub fn push(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        let count = self.channels.len();
        for (number, channel) in self.channels.iter_mut().enumerate() {
            if count == 1 {
                channel.push(samples);
                continue;
            }
            self.apart.clear();
            self.apart.extend(samples.iter().skip(number).step_by(count));
            channel.push(&self.apart);
        }
        self.hand_out(out);
    }

    /// Takes the next samples of each channel, as many of each; channels beyond those of the meter are ignored.
    pub fn push_channels(&mut self, samples: &[&[i16]], out: &mut Vec<i16>) {
        self.channels.iter_mut().zip(samples).for_each(|(channel, samples)| channel.push(samples));
        self.hand_out(out);
    }

    /// Appends the last pixel, if it has begun.
    pub fn finish(mut self, out: &mut Vec<i16>) {
        self.channels.iter_mut().filter(|channel| channel.lacking < channel.per_pixel).for_each(Mono::end_pixel);
        self.hand_out(out);
    }

    fn hand_out(&mut self, out: &mut Vec<i16>) {
        let ready = self.channels.iter().map(|channel| channel.ready.len()).min().unwrap_or(0);
        for pixel in 0..ready {
            self.channels.iter().for_each(|channel| out.extend_from_slice(&channel.ready[pixel]));
        }
        self.channels.iter_mut().for_each(|channel| drop(channel.ready.drain(..ready)));
    }
}

/// Joins pixels into coarser ones.
///
/// ```
/// let mut coarser = audio::peaks::Coarser::new(1, 2);
/// let mut peaks = Vec::new();
/// coarser.push(&[-5, 9, 2, 2, -1, 1], &mut peaks);
/// coarser.finish(&mut peaks);
/// assert_eq!(peaks, [-5, 9, -1, 1]);
/// ```
#[derive(Debug)]
pub struct Coarser(PeakMeter);

impl Coarser {
    /// Joins `pixels` pixels of `channels` channels each.
    #[must_use]
    pub fn new(channels: u16, pixels: u32) -> Self {
        Self(PeakMeter::new(channels.max(1).saturating_mul(2), pixels))
    }

    /// Takes whole pixels, and appends each finished one to `out`.
    pub fn push(&mut self, peaks: &[i16], out: &mut Vec<i16>) {
        let mut pairs = Vec::new();
        self.0.push(peaks, &mut pairs);
        join(&pairs, out);
    }

    /// Appends the last pixel, if it has begun.
    pub fn finish(self, out: &mut Vec<i16>) {
        let mut pairs = Vec::new();
        self.0.finish(&mut pairs);
        join(&pairs, out);
    }
}

/// Of the lowest and highest of the lowest samples, and those of the highest ones, keeps the outer two.
fn join(pairs: &[i16], out: &mut Vec<i16>) {
    for four in pairs.as_chunks::<4>().0 {
        out.extend_from_slice(&[four[0], four[3]]);
    }
}

/// Number of pixels of a recording with `frames` samples per channel.
#[must_use]
pub fn pixels(frames: u64, per_pixel: u32) -> u64 {
    frames.div_ceil(u64::from(per_pixel.max(1)))
}

/// Samples per pixel at a resolution, rounded down as audiowaveform does: 533 for 30 pixels a second at 16 kHz.
#[must_use]
pub fn samples_per_pixel(sample_rate: u32, pixels_per_second: u32) -> u32 {
    (sample_rate / pixels_per_second.max(1)).max(1)
}

/// A value of 8 bits for one of 16, towards 0 as audiowaveform rounds it.
#[must_use]
pub fn to_8_bits(value: i16) -> i8 {
    i8::try_from(value / 256).unwrap_or(i8::MAX)
}

/// What the header of peaks says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Samples per second and channel.
    pub sample_rate: u32,
    /// Samples per pixel and channel.
    pub per_pixel: u32,
    /// Number of pixels.
    pub pixels: u64,
    /// Number of channels.
    pub channels: u16,
    /// Whether values have 8 bits instead of 16.
    pub eight_bits: bool,
}

impl Shape {
    /// Number of values: a lowest and a highest one for each pixel and channel.
    #[must_use]
    pub fn values(&self) -> u64 {
        self.pixels * wide(VALUES) * u64::from(self.channels)
    }

    /// Length of the `.dat` file, with its header.
    #[must_use]
    pub fn dat_len(&self) -> u64 {
        wide(DAT_HEADER_LEN) + self.values() * if self.eight_bits { 1 } else { 2 }
    }

    /// The header of a `.dat` file, version 2.
    #[must_use]
    pub fn dat_header(&self) -> [u8; DAT_HEADER_LEN] {
        let length = u32::try_from(self.pixels).unwrap_or(u32::MAX);
        let fields =
            [2, u32::from(self.eight_bits), self.sample_rate, self.per_pixel, length, u32::from(self.channels)];
        let mut header = [0; DAT_HEADER_LEN];
        for (place, field) in header.as_chunks_mut::<4>().0.iter_mut().zip(fields) {
            *place = field.to_le_bytes();
        }
        header
    }

    /// The values of some pixels, as a `.dat` file has them.
    pub fn dat_values(&self, peaks: &[i16], out: &mut Vec<u8>) {
        if self.eight_bits {
            out.extend(peaks.iter().flat_map(|value| to_8_bits(*value).to_le_bytes()));
        } else {
            out.extend(peaks.iter().flat_map(|value| value.to_le_bytes()));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn peaks(channels: u16, per_pixel: u32, samples: &[i16]) -> Vec<i16> {
        let (mut meter, mut out) = (PeakMeter::new(channels, per_pixel), Vec::new());
        meter.push(samples, &mut out);
        meter.finish(&mut out);
        out
    }

    proptest! {
        #[test]
        fn peaks_are_those_of_each_pixel_however_samples_are_cut(
            samples in prop::collection::vec(any::<i16>(), 0..400), per_pixel in 1_u32..20, cut in 1_usize..30,
        ) {
            let whole = peaks(2, per_pixel, &samples[..samples.len() / 2 * 2]);
            let (mut meter, mut pieces) = (PeakMeter::new(2, per_pixel), Vec::new());
            samples[..samples.len() / 2 * 2].chunks(2 * cut).for_each(|piece| meter.push(piece, &mut pieces));
            meter.finish(&mut pieces);
            prop_assert_eq!(&pieces, &whole);
            let frames: Vec<_> = samples.as_chunks::<2>().0.to_vec();
            let wanted: Vec<i16> = frames
                .chunks(index(per_pixel))
                .flat_map(|pixel| [0, 1].map(|side| pixel.iter().map(move |frame| frame[side])))
                .flat_map(|side| [side.clone().fold(i16::MAX, i16::min), side.fold(i16::MIN, i16::max)])
                .collect();
            prop_assert_eq!(whole, wanted);
        }

        #[test]
        fn coarser_peaks_are_those_of_the_samples(
            samples in prop::collection::vec(any::<i16>(), 0..400), fine in 1_u32..9, factor in 1_u32..9, cut in 1_usize..9,
        ) {
            let samples = &samples[..samples.len() / 2 * 2];
            let (mut coarser, mut joined) = (Coarser::new(2, factor), Vec::new());
            peaks(2, fine, samples).chunks(4 * cut).for_each(|some| coarser.push(some, &mut joined));
            coarser.finish(&mut joined);
            prop_assert_eq!(joined, peaks(2, fine * factor, samples));
        }
    }

    #[test]
    fn headers_and_values_are_those_of_audiowaveform() {
        let shape = Shape { sample_rate: 16_000, per_pixel: 800, pixels: 3, channels: 2, eight_bits: false };
        let header = shape.dat_header();
        assert_eq!(header[..8], [2, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(header[8..], [0x80, 0x3E, 0, 0, 0x20, 3, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!((shape.values(), shape.dat_len()), (12, 48));
        assert_eq!(Shape { eight_bits: true, ..shape }.dat_len(), 36);
        assert_eq!([i16::MIN, -257, -255, 255, 256, i16::MAX].map(to_8_bits), [-128, -1, 0, 0, 1, 127]);
        assert_eq!([1, 20, 30, 200].map(|pixels| samples_per_pixel(16_000, pixels)), [16_000, 800, 533, 80]);
        assert_eq!([0, 1, 800, 801].map(|frames| pixels(frames, 800)), [0, 1, 1, 2]);
    }
}
