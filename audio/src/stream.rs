//! Converts streams of encoded samples to another encoding and rate.
#![expect(clippy::as_conversions, reason = "lengths are of 64 bits, or of buffers that memory holds")]

use crate::{
    ConvertError, Encoding, MAX_CHANNELS, Resampler, SAMPLE_RATES, StreamFormat, decode_into, encode, resampled_len,
};

/// Frames converted at a time.
const BLOCK: usize = 4096;

/// The beginning of a frame, to be completed by the next bytes.
#[derive(Debug, Default)]
pub(crate) struct PartialFrame(Vec<u8>);

impl PartialFrame {
    /// Splits the next bytes into the pending frame, if it is complete now, and the whole frames after it. Keeps the
    /// rest.
    pub(crate) fn complete<'a>(&mut self, bytes: &'a [u8], frame: usize) -> (Vec<u8>, &'a [u8]) {
        let missing = if self.0.is_empty() { 0 } else { frame - self.0.len() };
        let (end, bytes) = bytes.split_at(bytes.len().min(missing));
        self.0.extend_from_slice(end);
        let begun = if self.0.len() == frame { std::mem::take(&mut self.0) } else { Vec::new() };
        let (whole, rest) = bytes.split_at(bytes.len() / frame * frame);
        self.0.extend_from_slice(rest);
        (begun, whole)
    }

    /// The bytes of the incomplete frame.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Replaces the bytes of the incomplete frame.
    pub(crate) fn restore(&mut self, bytes: &[u8]) {
        self.0.clear();
        self.0.extend_from_slice(bytes);
    }

    /// Drops the pending bytes and returns their number.
    fn drop_bytes(&mut self) -> usize {
        std::mem::take(&mut self.0).len()
    }
}

/// Converts interleaved samples as they arrive. The output does not depend on how the input was cut, bit for bit, and
/// memory does not grow with the length of the stream.
///
///
/// Each channel is resampled on its own. Input that already has the encoding and rate is passed through unchanged.
#[derive(Debug)]
pub struct Converter {
    pub(crate) from: StreamFormat,
    pub(crate) to: StreamFormat,
    /// One per channel; empty if the rate stays the same.
    pub(crate) resamplers: Vec<Resampler>,
    pub(crate) partial: PartialFrame,
    samples: Vec<i16>,
    channel: Vec<i16>,
    resampled: Vec<i16>,
    frames: Vec<i16>,
}

impl Converter {
    /// A converter to an encoding and a rate.
    ///
    /// # Errors
    /// [`ConvertError::UnsupportedRate`] for a rate that is not one of [`SAMPLE_RATES`],
    /// [`ConvertError::Channels`] for no channels, or more than [`MAX_CHANNELS`].
    pub fn new(from: StreamFormat, encoding: Encoding, sample_rate: u32) -> Result<Self, ConvertError> {
        for hz in [from.sample_rate, sample_rate] {
            if !SAMPLE_RATES.contains(&hz) {
                return Err(ConvertError::UnsupportedRate { hz });
            }
        }
        if !(1..=MAX_CHANNELS).contains(&from.channels) {
            return Err(ConvertError::Channels { channels: from.channels });
        }
        let resamplers = if from.sample_rate == sample_rate { 0 } else { from.channels };
        Ok(Self {
            from,
            to: StreamFormat { encoding, sample_rate, channels: from.channels },
            resamplers: (0..resamplers).map(|_| Resampler::new(from.sample_rate, sample_rate)).collect(),
            partial: PartialFrame::default(),
            samples: Vec::new(),
            channel: Vec::new(),
            resampled: Vec::new(),
            frames: Vec::new(),
        })
    }

    /// The format of the output.
    #[must_use]
    pub fn format(&self) -> StreamFormat {
        self.to
    }

    /// Bytes of output for `bytes` of whole frames.
    #[must_use]
    pub fn converted_len(&self, bytes: u64) -> u64 {
        let frames = resampled_len(self.from.frames(bytes), self.from.sample_rate, self.to.sample_rate);
        frames.saturating_mul(self.to.bytes_per_frame() as u64)
    }

    /// Converts the next bytes, wherever they are cut, and appends the output that is ready to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let frame = self.from.bytes_per_frame();
        let (begun, whole) = self.partial.complete(bytes, frame);
        self.convert(&begun, out);
        for block in whole.chunks(BLOCK * frame) {
            self.convert(block, out);
        }
    }

    /// Ends the input: appends the remaining output to `out`, and returns how many bytes of an incomplete frame were
    /// dropped. The converter can then be reused.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> usize {
        if !self.resamplers.is_empty() {
            self.resample(true);
            out.extend_from_slice(&encode(self.to.encoding, &self.frames));
        }
        self.partial.drop_bytes()
    }

    /// Converts whole frames.
    fn convert(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.from == self.to {
            out.extend_from_slice(bytes);
            return;
        }
        self.samples.clear();
        if decode_into(self.from.encoding, bytes, &mut self.samples).is_err() {
            unreachable!("whole frames are whole samples");
        }
        if self.resamplers.is_empty() {
            out.extend_from_slice(&encode(self.to.encoding, &self.samples));
            return;
        }
        self.resample(false);
        out.extend_from_slice(&encode(self.to.encoding, &self.frames));
    }

    /// Sends `samples`, or the end, through the resamplers to `frames`.
    fn resample(&mut self, end: bool) {
        let channels = self.resamplers.len();
        self.frames.clear();
        for (index, resampler) in self.resamplers.iter_mut().enumerate() {
            self.resampled.clear();
            if end {
                resampler.finish(&mut self.resampled);
            } else {
                self.channel.clear();
                self.channel.extend(self.samples.iter().skip(index).step_by(channels));
                resampler.push(&self.channel, &mut self.resampled);
            }
            // All channels get the same number of samples, so they all return the same number.
            self.frames.resize(self.resampled.len() * channels, 0);
            let slots = self.frames.iter_mut().skip(index).step_by(channels);
            slots.zip(&self.resampled).for_each(|(slot, &sample)| *slot = sample);
        }
    }
}
