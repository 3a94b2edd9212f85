//! The three encodings of samples in bytes, and conversions of whole buffers.
//!
//!
//! PCM16 is little-endian throughout. [`crate::g711`] defines the meaning of each G.711 code.

use crate::{SAMPLE_RATES, g711};

/// How samples are encoded in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// ITU-T G.711 mu-law, one byte per sample.
    Mulaw,
    /// ITU-T G.711 A-law, one byte per sample.
    Alaw,
    /// Signed 16-bit PCM, little-endian, two bytes per sample.
    Pcm16,
}

impl Encoding {
    /// One for the G.711 laws, two for PCM16.
    #[must_use]
    pub const fn bytes_per_sample(self) -> usize {
        match self {
            Self::Mulaw | Self::Alaw => 1,
            Self::Pcm16 => 2,
        }
    }

    /// The encoding's name in the API: `mulaw`, `alaw` or `pcm16`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mulaw => "mulaw",
            Self::Alaw => "alaw",
            Self::Pcm16 => "pcm16",
        }
    }

    /// Whether samples in this encoding can have `hz` samples a second.
    ///
    /// # Errors
    /// [`UnfitRate`] for G.711 at another rate than 8,000 Hz, and for PCM16 at a rate that is not one of
    /// [`SAMPLE_RATES`].
    pub fn check_rate(self, hz: u32) -> Result<(), UnfitRate> {
        let (fits, unfit) = match self {
            Self::Mulaw | Self::Alaw => (hz == 8000, UnfitRate::G711),
            Self::Pcm16 => (SAMPLE_RATES.contains(&hz), UnfitRate::Pcm16),
        };
        if fits { Ok(()) } else { Err(unfit) }
    }
}

/// A sample rate that an encoding does not have. Prints as the sentence that says which ones it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitRate {
    /// Of mu-law or A-law.
    #[error("G.711 has 8000 samples a second; set 8000, or choose pcm16.")]
    G711,
    /// Of PCM16.
    #[error("Must be 8000, 11025, 16000, 22050, 24000, 32000, 44100 or 48000.")]
    Pcm16,
}

/// PCM16 data with an odd number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("PCM16 takes two bytes a sample, and {bytes} is odd")]
pub struct OddLength {
    /// The number of bytes.
    pub bytes: usize,
}

/// Appends the samples in `bytes` to `out`.
///
/// # Errors
/// [`OddLength`] for PCM16 that ends within a sample; `out` is unchanged in that case.
pub fn decode_into(encoding: Encoding, bytes: &[u8], out: &mut Vec<i16>) -> Result<(), OddLength> {
    match encoding {
        Encoding::Mulaw => extend_by_table(&g711::MULAW_DECODE, bytes, out),
        Encoding::Alaw => extend_by_table(&g711::ALAW_DECODE, bytes, out),
        Encoding::Pcm16 => {
            let (samples, rest) = bytes.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(OddLength { bytes: bytes.len() });
            }
            out.extend(samples.iter().map(|&sample| i16::from_le_bytes(sample)));
        }
    }
    Ok(())
}

fn extend_by_table(table: &[i16; 256], codes: &[u8], out: &mut Vec<i16>) {
    out.extend(codes.iter().map(|&code| table[usize::from(code)]));
}

/// Encodes samples.
#[must_use]
pub fn encode(encoding: Encoding, samples: &[i16]) -> Vec<u8> {
    match encoding {
        Encoding::Mulaw => pcm16_to_mulaw(samples),
        Encoding::Alaw => pcm16_to_alaw(samples),
        Encoding::Pcm16 => {
            let mut bytes = Vec::with_capacity(samples.len() * 2);
            crate::pcm16_bytes(samples, &mut bytes);
            bytes
        }
    }
}

/// Decodes mu-law codes to samples.
#[must_use]
pub fn mulaw_to_pcm16(codes: &[u8]) -> Vec<i16> {
    let mut samples = Vec::new();
    extend_by_table(&g711::MULAW_DECODE, codes, &mut samples);
    samples
}

/// Decodes A-law codes to samples.
#[must_use]
pub fn alaw_to_pcm16(codes: &[u8]) -> Vec<i16> {
    let mut samples = Vec::new();
    extend_by_table(&g711::ALAW_DECODE, codes, &mut samples);
    samples
}

/// Encodes samples as mu-law codes.
#[must_use]
pub fn pcm16_to_mulaw(samples: &[i16]) -> Vec<u8> {
    samples.iter().map(|&sample| g711::encode_mulaw(sample)).collect()
}

/// Encodes samples as A-law codes.
#[must_use]
pub fn pcm16_to_alaw(samples: &[i16]) -> Vec<u8> {
    samples.iter().map(|&sample| g711::encode_alaw(sample)).collect()
}
