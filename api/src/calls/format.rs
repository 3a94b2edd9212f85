//! Audio formats on the wire: the codec and its sample rate.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use service::audio;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::wire::number;
use crate::wire::same_variants;

/// A codec: G.711 mu-law or A-law, or 16-bit linear PCM, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    Mulaw,
    Alaw,
    Pcm16,
}

/// An audio format. G.711 has 8,000 samples per second; PCM16 has 8000, 11025, 16000, 22050, 24000, 32000, 44100 or
/// 48000.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[validate(schema(function = "rate_fits_encoding"))]
pub struct AudioFormat {
    /// The codec. Defaults to mu-law.
    #[serde(default = "AudioFormat::default_encoding")]
    pub encoding: Encoding,
    /// Samples per second. Defaults to 8,000.
    #[serde(default = "AudioFormat::default_rate", deserialize_with = "rate")]
    #[schema(minimum = 8_000, maximum = 48_000)]
    pub sample_rate: u32,
}

impl AudioFormat {
    fn default_encoding() -> Encoding {
        Encoding::Mulaw
    }

    fn default_rate() -> u32 {
        8_000
    }
}

/// Reads a sample rate; null is as absent.
fn rate<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(number::sample_rate(deserializer)?.unwrap_or_else(AudioFormat::default_rate))
}

fn rate_fits_encoding(format: &AudioFormat) -> Result<(), ValidationError> {
    check_rate(format.encoding, format.sample_rate)
}

/// Refuses a sample rate that an encoding does not have, for a schema's validation.
pub(crate) fn check_rate(encoding: Encoding, sample_rate: u32) -> Result<(), ValidationError> {
    let checked = audio::Encoding::from(encoding).check_rate(sample_rate);
    checked.map_err(|unfit| ValidationError::new("sampleRate").with_message(unfit.to_string().into()))
}

same_variants!(Encoding, audio::Encoding, [Mulaw, Alaw, Pcm16]);

impl From<service::AudioFormat> for AudioFormat {
    fn from(format: service::AudioFormat) -> Self {
        Self { encoding: format.encoding.into(), sample_rate: format.sample_rate_hz }
    }
}

impl From<AudioFormat> for service::AudioFormat {
    fn from(format: AudioFormat) -> Self {
        Self { encoding: format.encoding.into(), sample_rate_hz: format.sample_rate }
    }
}
