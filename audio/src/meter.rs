//! Measures streamed samples channel by channel: peak, RMS, clipping, DC offset, silence.
#![expect(clippy::as_conversions, reason = "samples are widened, scaled and cut to their range")]

use crate::stream::PartialFrame;
use crate::{Encoding, StreamFormat, decode_into};

/// Full scale, 0 dBFS: the magnitude of the lowest sample.
const FULL_SCALE: f64 = 32768.0;

/// Frames measured at a time.
const BLOCK: usize = 4096;

/// The levels of one channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// The largest magnitude of a sample, 0 to 32,768.
    pub peak: u16,
    /// The root mean square, in units of samples.
    pub rms: f64,
    /// The mean sample, which a constant voltage shifts away from zero.
    pub dc_offset: f64,
    /// Number of samples at full scale, see [`Encoding::full_scale`].
    pub clipped: u64,
    /// Number of samples in silent windows.
    pub silent: u64,
    /// The longest run of silent windows; the first, if there are several.
    pub longest_silence: Stretch,
}

/// A part of a channel, counted in samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// Its first sample.
    pub start: u64,
    /// Its length in samples.
    pub length: u64,
}

impl Levels {
    /// The peak in dBFS; negative infinity if all samples are zero.
    #[must_use]
    pub fn peak_dbfs(&self) -> f64 {
        dbfs(self.peak.into())
    }

    /// The RMS in dBFS: 0 for a square wave of full scale, -3.01 for a sine.
    #[must_use]
    pub fn rms_dbfs(&self) -> f64 {
        dbfs(self.rms)
    }
}

fn dbfs(value: f64) -> f64 {
    20.0 * (value / FULL_SCALE).log10()
}

impl Encoding {
    /// The largest magnitude of a positive sample. Samples that reach it may have been clipped.
    #[must_use]
    pub const fn full_scale(self) -> u16 {
        match self {
            Self::Mulaw => 32_124,
            Self::Alaw => 32_256,
            Self::Pcm16 => 32_767,
        }
    }
}

/// Measures interleaved samples as they arrive. The result does not depend on how the input was cut.
///
///
/// Silence is measured in windows of 20 ms. A window is silent if all its samples are below a given magnitude.
#[derive(Debug)]
pub struct Meter {
    format: StreamFormat,
    channels: Vec<Channel>,
    /// Samples per window.
    window: usize,
    /// The magnitude that silent samples stay below, in units of samples.
    silence_below: f64,
    partial: PartialFrame,
    samples: Vec<i16>,
    channel: Vec<i16>,
}

impl Meter {
    /// A meter that treats samples below `silence_below_dbfs` as silent.
    #[must_use]
    pub fn new(format: StreamFormat, silence_below_dbfs: f64) -> Self {
        Self {
            format,
            channels: vec![Channel::default(); usize::from(format.channels)],
            window: (format.sample_rate as usize / 50).max(1),
            silence_below: FULL_SCALE * 10f64.powf(silence_below_dbfs / 20.0),
            partial: PartialFrame::default(),
            samples: Vec::new(),
            channel: Vec::new(),
        }
    }

    /// Measures the next bytes, wherever they are cut.
    pub fn push(&mut self, bytes: &[u8]) {
        let frame = self.format.bytes_per_frame().max(1);
        let (begun, whole) = self.partial.complete(bytes, frame);
        self.measure(&begun);
        for block in whole.chunks(BLOCK * frame) {
            self.measure(block);
        }
    }

    /// Ends the input and returns each channel's levels. An incomplete last frame is ignored.
    #[must_use]
    pub fn finish(self) -> Vec<Levels> {
        let silence_below = self.silence_below;
        self.channels.into_iter().map(|channel| channel.finish(silence_below)).collect()
    }

    fn measure(&mut self, frames: &[u8]) {
        self.samples.clear();
        if decode_into(self.format.encoding, frames, &mut self.samples).is_err() {
            unreachable!("whole frames are whole samples");
        }
        let full_scale = self.format.encoding.full_scale();
        let count = self.channels.len();
        for (index, channel) in self.channels.iter_mut().enumerate() {
            self.channel.clear();
            self.channel.extend(self.samples.iter().skip(index).step_by(count));
            channel.measure(&self.channel, full_scale, self.window, self.silence_below);
        }
    }
}

/// The measurements of one channel so far.
#[derive(Clone, Copy, Debug, Default)]
struct Channel {
    samples: u64,
    peak: u16,
    sum: i64,
    squares: u128,
    clipped: u64,
    silent: u64,
    /// The incomplete window: its number of samples, and their peak.
    filled: usize,
    window_peak: u16,
    /// The current run of silent windows.
    run: Stretch,
    longest: Stretch,
}

impl Channel {
    fn measure(&mut self, mut samples: &[i16], full_scale: u16, window: usize, silence_below: f64) {
        while !samples.is_empty() {
            let (piece, rest) = samples.split_at(samples.len().min(window - self.filled));
            samples = rest;
            let peak = piece.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or_default();
            self.peak = self.peak.max(peak);
            self.window_peak = self.window_peak.max(peak);
            self.sum += piece.iter().map(|&sample| i64::from(sample)).sum::<i64>();
            let squares: u64 = piece.iter().map(|&sample| u64::from(i32::from(sample).pow(2).cast_unsigned())).sum();
            self.squares += u128::from(squares);
            if peak >= full_scale {
                self.clipped += piece.iter().filter(|sample| sample.unsigned_abs() >= full_scale).count() as u64;
            }
            self.samples += piece.len() as u64;
            self.filled += piece.len();
            if self.filled == window {
                self.end_window(silence_below);
            }
        }
    }

    fn end_window(&mut self, silence_below: f64) {
        let length = self.filled as u64;
        if f64::from(self.window_peak) < silence_below {
            self.silent += length;
            if self.run.length == 0 {
                self.run.start = self.samples - length;
            }
            self.run.length += length;
            if self.run.length > self.longest.length {
                self.longest = self.run;
            }
        } else {
            self.run = Stretch::default();
        }
        (self.filled, self.window_peak) = (0, 0);
    }

    fn finish(mut self, silence_below: f64) -> Levels {
        if self.filled > 0 {
            self.end_window(silence_below);
        }
        let count = self.samples.max(1) as f64;
        Levels {
            peak: self.peak,
            rms: (self.squares as f64 / count).sqrt(),
            dc_offset: self.sum as f64 / count,
            clipped: self.clipped,
            silent: self.silent,
            longest_silence: self.longest,
        }
    }
}
