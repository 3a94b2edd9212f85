//! Whole buffers from one format to another: encoding, sample rate, container. Channels are kept.
#![expect(clippy::as_conversions, reason = "lengths are of 64 bits, or of buffers that memory holds")]

use std::borrow::Cow;

use crate::wav::{self, Scanned, Warning};
use crate::{ConvertError, Converter, Encoding, OddLength, StreamFormat, mulaw_to_pcm16, resample};

/// What encloses the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    /// Nothing.
    Raw,
    /// A RIFF/WAVE file.
    Wav,
}

/// What bytes are said to hold.
///
/// Raw bytes are one channel, mu-law at 8,000 Hz where nothing else is said. A WAV file says it itself, and may not
/// be contradicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The encoding, if stated.
    pub encoding: Option<Encoding>,
    /// Samples a second, if stated.
    pub sample_rate: Option<u32>,
    /// Raw or WAV.
    pub container: Container,
    /// Whether to read what a damaged source still has: raw PCM16 without its last odd byte, and a WAV file to its end
    /// even if its header states fewer samples.
    pub salvage: bool,
}

/// What bytes are to be converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The encoding.
    pub encoding: Encoding,
    /// Samples a second, one of [`SAMPLE_RATES`](crate::SAMPLE_RATES).
    pub sample_rate: u32,
    /// Raw or WAV.
    pub container: Container,
}

/// The formats that have a name of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// What OpenAI's Realtime API takes: raw PCM16 at 24 kHz.
    Openai,
    /// What recordings are stored in: raw PCM16 at 16 kHz.
    Storage,
    /// The same in a WAV file.
    Wav,
}

impl Preset {
    /// The format that the name stands for.
    #[must_use]
    pub const fn format(self) -> Format {
        let (sample_rate, container) = match self {
            Self::Openai => (24_000, Container::Raw),
            Self::Storage => (16_000, Container::Raw),
            Self::Wav => (16_000, Container::Wav),
        };
        Format { encoding: Encoding::Pcm16, sample_rate, container }
    }

    /// The preset's name in the API: `openai`, `storage` or `wav`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Storage => "storage",
            Self::Wav => "wav",
        }
    }
}

/// The outcome of a conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The samples, or the file.
    pub bytes: Vec<u8>,
    /// How the samples are encoded.
    pub encoding: Encoding,
    /// Frames a second.
    pub sample_rate: u32,
    /// Samples a frame, as in the source.
    pub channels: u16,
    /// Raw or WAV.
    pub container: Container,
    /// How many frames there are.
    pub frames: u64,
    /// What is wrong with the source. Whatever it holds that is not in the outcome is named here.
    pub warnings: Vec<Warning>,
}

/// Converts `bytes` from one format to another. Each channel is resampled on its own; what is at the rate
/// and in the encoding already stays what it is, byte for byte.
///
/// # Errors
/// [`ConvertError`] if `bytes` are not what `from` says, a rate is not supported, or a WAV file would be too
/// long.
pub fn convert(bytes: &[u8], from: &Source, to: &Format) -> Result<Converted, ConvertError> {
    let Scanned { format, samples, warnings } = read(bytes, from)?;
    let mut converter = Converter::new(format, to.encoding, to.sample_rate)?;
    let StreamFormat { encoding, sample_rate, channels } = converter.format();
    let length = converter.converted_len(samples.len() as u64);
    let mut bytes = match to.container {
        Container::Raw => Vec::new(),
        Container::Wav => wav::stream_header(&converter.format(), Some(length))?,
    };
    bytes.reserve_exact(usize::try_from(length).unwrap_or_default() + 1);
    converter.push(&samples, &mut bytes);
    converter.finish(&mut bytes);
    if to.container == Container::Wav {
        bytes.extend_from_slice(wav::padding(length));
    }
    let frames = converter.format().frames(length);
    Ok(Converted { bytes, encoding, sample_rate, channels, container: to.container, frames, warnings })
}

/// The 24 kHz PCM16 that OpenAI's Realtime API takes, from telephony's mu-law at 8 kHz.
#[must_use]
pub fn convert_to_openai_format(mulaw: &[u8]) -> Vec<i16> {
    resample(&mulaw_to_pcm16(mulaw), 8000, 24_000)
}

/// The 16 kHz PCM16 that recordings are stored in, from telephony's mu-law at 8 kHz.
#[must_use]
pub fn convert_to_storage_format(mulaw: &[u8]) -> Vec<i16> {
    resample(&mulaw_to_pcm16(mulaw), 8000, 16_000)
}

/// The samples as they came, and what they are.
fn read<'a>(bytes: &'a [u8], from: &Source) -> Result<Scanned<'a>, ConvertError> {
    match from.container {
        Container::Raw => {
            let encoding = from.encoding.unwrap_or(Encoding::Mulaw);
            let (frame, mut warnings) = (encoding.bytes_per_sample(), Vec::new());
            let left = bytes.len() % frame;
            if left > 0 && !from.salvage {
                return Err(OddLength { bytes: bytes.len() }.into());
            }
            if left > 0 {
                warnings.push(Warning::PartialFrame { bytes: left as u64, frame });
            }
            let sample_rate = from.sample_rate.unwrap_or(8000);
            let samples = Cow::Borrowed(&bytes[..bytes.len() - left]);
            Ok(Scanned { format: StreamFormat { encoding, sample_rate, channels: 1 }, samples, warnings })
        }
        Container::Wav => {
            let scanned = wav::scan(bytes, from.salvage)?;
            let format = scanned.format;
            if from.encoding.is_some_and(|encoding| encoding != format.encoding) {
                return Err(ConvertError::Contradicts { field: "encoding" });
            }
            if from.sample_rate.is_some_and(|rate| rate != format.sample_rate) {
                return Err(ConvertError::Contradicts { field: "sampleRate" });
            }
            Ok(scanned)
        }
    }
}
