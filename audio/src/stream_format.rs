//! The format of interleaved samples.
#![expect(clippy::as_conversions, reason = "lengths are of 64 bits, or of buffers that memory holds")]

use crate::Encoding;

/// The format of interleaved samples in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamFormat {
    /// Encoding of a sample.
    pub encoding: Encoding,
    /// Frames per second.
    pub sample_rate: u32,
    /// Samples per frame.
    pub channels: u16,
}

impl StreamFormat {
    /// Bytes per frame.
    #[must_use]
    pub const fn bytes_per_frame(&self) -> usize {
        self.channels as usize * self.encoding.bytes_per_sample()
    }

    /// Number of whole frames in `bytes`.
    #[must_use]
    pub fn frames(&self, bytes: u64) -> u64 {
        bytes / self.bytes_per_frame().max(1) as u64
    }

    /// Duration of `bytes`, in seconds.
    #[must_use]
    pub fn seconds(&self, bytes: u64) -> f64 {
        self.frames(bytes) as f64 / f64::from(self.sample_rate.max(1))
    }
}
