//! The formats of `convertAudio`.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Deserializer, Serialize, de};
use service::audio;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::{
    calls::format::{Encoding, check_rate},
    wire::number,
    wire::same_variants,
};

/// The container of the samples: none (`raw`) or a WAV file (`wav`).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    #[default]
    Raw,
    Wav,
}

same_variants!(Container, audio::Container, [Raw, Wav]);

/// A source format. A WAV header takes precedence; fields that contradict it are an error.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[validate(schema(function = "source_rate"))]
#[schema(as = AudioSource)]
pub(crate) struct GivenFormat {
    /// The codec. Defaults to mu-law.
    pub encoding: Option<Encoding>,
    /// Samples per second. Defaults to 8,000.
    #[serde(default, deserialize_with = "number::sample_rate")]
    #[schema(minimum = 8_000, maximum = 48_000)]
    pub sample_rate: Option<u32>,
    /// The container. Defaults to `raw`.
    pub container: Option<Container>,
}

/// A target format.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[validate(schema(function = "target_rate"))]
#[schema(as = AudioTarget)]
pub struct Format {
    /// The codec.
    pub encoding: Encoding,
    /// Samples per second.
    #[serde(deserialize_with = "some_rate")]
    #[schema(minimum = 8_000, maximum = 48_000)]
    pub sample_rate: u32,
    /// The container. Defaults to `raw`.
    pub container: Option<Container>,
}

/// A format by name: `openai` is raw PCM16 at 24 kHz, `storage` raw PCM16 at 16 kHz, `wav` the same in a WAV file.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConversionPreset)]
pub enum Preset {
    Openai,
    Storage,
    Wav,
}

/// A preset or a format.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ConversionTarget)]
pub enum To {
    /// A format by name.
    Preset(Preset),
    /// A format.
    Format(Format),
}

same_variants!(Preset, audio::Preset, [Openai, Storage, Wav]);

impl From<Format> for audio::Format {
    fn from(format: Format) -> Self {
        Self {
            encoding: format.encoding.into(),
            sample_rate: format.sample_rate,
            container: format.container.unwrap_or_default().into(),
        }
    }
}

impl From<To> for audio::Format {
    fn from(to: To) -> Self {
        match to {
            To::Preset(preset) => audio::Preset::from(preset).format(),
            To::Format(format) => format.into(),
        }
    }
}

impl Validate for To {
    fn validate(&self) -> Result<(), validator::ValidationErrors> {
        match self {
            Self::Preset(_) => Ok(()),
            Self::Format(format) => format.validate(),
        }
    }
}

impl<'de> Deserialize<'de> for To {
    /// By hand, since an untagged enum would not say which field of a format is wrong.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = To;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("openai, storage, wav, or an object with encoding and sampleRate")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<To, E> {
                match name {
                    "openai" => Ok(To::Preset(Preset::Openai)),
                    "storage" => Ok(To::Preset(Preset::Storage)),
                    "wav" => Ok(To::Preset(Preset::Wav)),
                    _ => Err(E::invalid_value(de::Unexpected::Other("another name"), &self)),
                }
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<To, A::Error> {
                Format::deserialize(de::value::MapAccessDeserializer::new(map)).map(To::Format)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

fn some_rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number::sample_rate(deserializer)?.ok_or_else(|| de::Error::custom("Expected a sample rate."))
}

fn target_rate(format: &Format) -> Result<(), ValidationError> {
    check_rate(format.encoding, format.sample_rate)
}

/// In a WAV file the header decides; it is read later.
fn source_rate(from: &GivenFormat) -> Result<(), ValidationError> {
    match from.container.unwrap_or_default() {
        Container::Wav => Ok(()),
        Container::Raw => {
            let encoding = from.encoding.unwrap_or(Encoding::Mulaw);
            check_rate(encoding, from.sample_rate.unwrap_or(8_000))
        }
    }
}
