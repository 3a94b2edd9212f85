//! Whole buffers from one format to another: encoding, sample rate, container. Channels are kept.

use crate::wav::{self, Law, TooLong, WavError};
use crate::{Encoding, OddLength, SAMPLE_RATES, decode_into, encode, mulaw_to_pcm16, resample};

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
/// Raw bytes are one channel, mu-law at 8,000 Hz where nothing else is said. A WAV file says it itself, and may not be contradicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The encoding, if stated.
    pub encoding: Option<Encoding>,
    /// Samples a second, if stated.
    pub sample_rate: Option<u32>,
    /// Raw or WAV.
    pub container: Container,
}

/// What bytes are to be converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The encoding.
    pub encoding: Encoding,
    /// Samples a second, one of [`SAMPLE_RATES`].
    pub sample_rate: u32,
    /// Raw or WAV.
    pub container: Container,
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
}

/// Why bytes cannot be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// Raw PCM16 with an odd number of bytes.
    #[error(transparent)]
    OddLength(#[from] OddLength),
    /// Not a WAV file, or a damaged one.
    #[error(transparent)]
    Wav(#[from] WavError),
    /// The WAV file is something else than what it was said to be.
    #[error("the WAV file's header contradicts {field}")]
    Contradicts {
        /// The contradicted field of [`Source`] by its name in the API: `encoding` or `sampleRate`.
        field: &'static str,
    },
    /// A rate that is not one of [`SAMPLE_RATES`].
    #[error("{hz} Hz is not a supported sample rate")]
    UnsupportedRate {
        /// The rate.
        hz: u32,
    },
    /// The outcome does not fit into a WAV file.
    #[error(transparent)]
    TooLong(#[from] TooLong),
}

/// Converts `bytes` from one format to another. Each channel is resampled on its own.
///
/// # Errors
/// [`ConvertError`] if `bytes` are not what `from` says, a rate is not supported, or a WAV file would be too long.
pub fn convert(bytes: &[u8], from: &Source, to: &Format) -> Result<Converted, ConvertError> {
    supported(to.sample_rate)?;
    let audio = read(bytes, from)?;
    supported(audio.sample_rate)?;
    let samples = resample_channels(&audio, to.sample_rate);
    let bytes = match (to.container, to.encoding) {
        (Container::Raw, encoding) => encode(encoding, &samples),
        (Container::Wav, Encoding::Pcm16) => wav::buffer_to_wav(&samples, to.sample_rate, audio.channels)?,
        (Container::Wav, Encoding::Mulaw) => {
            wav::g711_to_wav(Law::Mulaw, &encode(Encoding::Mulaw, &samples), to.sample_rate, audio.channels)?
        }
        (Container::Wav, Encoding::Alaw) => {
            wav::g711_to_wav(Law::Alaw, &encode(Encoding::Alaw, &samples), to.sample_rate, audio.channels)?
        }
    };
    Ok(Converted {
        bytes,
        encoding: to.encoding,
        sample_rate: to.sample_rate,
        channels: audio.channels,
        container: to.container,
        frames: (samples.len() / usize::from(audio.channels)) as u64,
    })
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

fn supported(hz: u32) -> Result<(), ConvertError> {
    if SAMPLE_RATES.contains(&hz) { Ok(()) } else { Err(ConvertError::UnsupportedRate { hz }) }
}

fn read(bytes: &[u8], from: &Source) -> Result<wav::Wav, ConvertError> {
    match from.container {
        Container::Raw => {
            let encoding = from.encoding.unwrap_or(Encoding::Mulaw);
            let mut samples = Vec::new();
            decode_into(encoding, bytes, &mut samples)?;
            Ok(wav::Wav { encoding, sample_rate: from.sample_rate.unwrap_or(8000), channels: 1, samples })
        }
        Container::Wav => {
            let audio = wav::read(bytes)?;
            if from.encoding.is_some_and(|encoding| encoding != audio.encoding) {
                return Err(ConvertError::Contradicts { field: "encoding" });
            }
            if from.sample_rate.is_some_and(|rate| rate != audio.sample_rate) {
                return Err(ConvertError::Contradicts { field: "sampleRate" });
            }
            Ok(audio)
        }
    }
}

fn resample_channels(audio: &wav::Wav, to_hz: u32) -> Vec<i16> {
    let channels = usize::from(audio.channels);
    if channels == 1 || audio.sample_rate == to_hz {
        return resample(&audio.samples, audio.sample_rate, to_hz);
    }
    let mut out = Vec::new();
    for channel in 0..channels {
        let samples: Vec<i16> = audio.samples.iter().skip(channel).step_by(channels).copied().collect();
        let samples = resample(&samples, audio.sample_rate, to_hz);
        out.resize(samples.len() * channels, 0);
        for (slot, sample) in out.iter_mut().skip(channel).step_by(channels).zip(samples) {
            *slot = sample;
        }
    }
    out
}
