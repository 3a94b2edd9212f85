//! The `fmt ` chunk, and the sample formats that are narrowed to 16 bits.
#![expect(clippy::as_conversions, reason = "samples are widened, scaled and cut to their range")]

use super::{
    bytes::{u16_at, u32_at},
    error::WavError,
    tag::{ALAW, EXTENSIBLE, FLOAT, MULAW, PCM},
};
use crate::{Encoding, StreamFormat};

/// The last 14 bytes of an extensible format's GUID; the first two are the format tag.
const GUID_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// How a file stores a sample, where that is not one of [`Encoding`].
///
/// Wider samples are rounded to the nearest 16-bit value, a half up, and saturated, without dither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wide {
    /// Unsigned 8-bit PCM; 128 is zero.
    Unsigned8,
    /// Signed 24-bit PCM.
    Int24,
    /// Signed 32-bit PCM.
    Int32,
    /// 32-bit float; 1.0 is full scale. NaN is read as 0.
    Float32,
    /// 64-bit float; 1.0 is full scale. NaN is read as 0.
    Float64,
}

impl Wide {
    /// Bytes per stored sample.
    #[must_use]
    pub const fn bytes_per_sample(self) -> usize {
        match self {
            Self::Unsigned8 => 1,
            Self::Int24 => 3,
            Self::Int32 | Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }

    /// Appends the samples in `bytes` to `out` as PCM16, and returns the number of bytes read: whole samples only.
    pub fn narrow(self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        match self {
            Self::Unsigned8 => narrow(bytes, out, |&[byte]: &[u8; 1]| (i16::from(byte) - 128) << 8),
            Self::Int24 => narrow(bytes, out, |&[a, b, c]: &[u8; 3]| round_32(i32::from_le_bytes([0, a, b, c]))),
            Self::Int32 => narrow(bytes, out, |&sample: &[u8; 4]| round_32(i32::from_le_bytes(sample))),
            Self::Float32 => narrow(bytes, out, |&sample: &[u8; 4]| round_float(f32::from_le_bytes(sample).into())),
            Self::Float64 => narrow(bytes, out, |&sample: &[u8; 8]| round_float(f64::from_le_bytes(sample))),
        }
    }
}

fn narrow<const N: usize>(bytes: &[u8], out: &mut Vec<u8>, convert: impl Fn(&[u8; N]) -> i16) -> usize {
    let (samples, rest) = bytes.as_chunks::<N>();
    out.reserve(samples.len() * 2);
    samples.iter().for_each(|sample| out.extend_from_slice(&convert(sample).to_le_bytes()));
    bytes.len() - rest.len()
}

/// Rounds a half up, as sox does.
fn round_32(sample: i32) -> i16 {
    (sample.saturating_add(0x8000) >> 16) as i16
}

/// Rounds a half up as well. A cast from float to integer saturates, and turns NaN into 0.
fn round_float(sample: f64) -> i16 {
    (sample * 32_768.0 + 0.5).floor() as i16
}

/// Reads a `fmt ` chunk: the format of the samples once they are narrowed, and how the file stores them.
pub(super) fn parse(content: &[u8]) -> Result<(StreamFormat, Option<Wide>), WavError> {
    let damaged = |fault| WavError::DamagedFormat { fault };
    let short = damaged("it is shorter than its format needs");
    let field = |at| u16_at(content, at).ok_or(short);
    let channels = field(2)?;
    let sample_rate = u32_at(content, 4).ok_or(short)?;
    let block_align = usize::from(field(12)?);
    let bits = field(14)?;
    let mut tag = field(0)?;
    if tag == EXTENSIBLE {
        tag = field(24)?;
        if content.get(26..40) != Some(&GUID_TAIL) {
            return Err(WavError::UnknownTag { tag: EXTENSIBLE });
        }
    }
    // Fewer bits than the bytes have are the upper ones, so that 20-bit samples are 24-bit samples.
    let width = usize::from(bits.div_ceil(8));
    let (encoding, wide) = match (tag, width, bits) {
        (ALAW, 1, 8) => (Encoding::Alaw, None),
        (MULAW, 1, 8) => (Encoding::Mulaw, None),
        (PCM, 1, _) => (Encoding::Pcm16, Some(Wide::Unsigned8)),
        (PCM, 2, _) => (Encoding::Pcm16, None),
        (PCM, 3, _) => (Encoding::Pcm16, Some(Wide::Int24)),
        (PCM, 4, _) => (Encoding::Pcm16, Some(Wide::Int32)),
        (FLOAT, _, 32) => (Encoding::Pcm16, Some(Wide::Float32)),
        (FLOAT, _, 64) => (Encoding::Pcm16, Some(Wide::Float64)),
        (ALAW | MULAW | PCM | FLOAT, ..) => return Err(WavError::UnsupportedBits { bits }),
        _ => return Err(WavError::UnknownTag { tag }),
    };
    if channels == 0 {
        return Err(damaged("it says 0 channels"));
    }
    if sample_rate == 0 {
        return Err(damaged("it says 0 Hz"));
    }
    if block_align != usize::from(channels) * width {
        return Err(damaged("its bytes a frame are not its channels times the bytes of a sample"));
    }
    Ok((StreamFormat { encoding, sample_rate, channels }, wide))
}
