//! `convertAudio`.

use std::fmt;

use actix_web::{
    HttpResponse, post,
    web::{self, Data},
};
use clap::ValueEnum;
use serde::{Deserialize, Deserializer, Serialize, de};
use service::{
    Callstore,
    audio::{self, ConvertError, Converted, Source, decode_any_base64, encode_base64},
};
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::{
    calls::{Encoding, check_rate},
    chunks::AddAudioChunk,
    extract::{Json, JsonBody, NoQuery, Once, Query},
    limits::AUDIO_MAX_BYTES,
    problem::{Problem, ProblemCode},
    wire::{number, optional_object},
};

/// Audio with its source and target formats.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ConvertAudio {
    /// The audio as base64.
    #[schema(format = "byte", pattern = "^[A-Za-z0-9+/]*={0,2}$")]
    audio: String,
    /// The source format. Defaults to raw mu-law at 8,000 Hz.
    #[serde(default, deserialize_with = "optional_object")]
    #[validate(nested)]
    from: Option<GivenFormat>,
    /// The target format.
    #[validate(nested)]
    to: To,
}

impl JsonBody for ConvertAudio {
    const MAX_BYTES: usize = AUDIO_MAX_BYTES;
}

/// The container of the samples: none (`raw`) or a WAV file (`wav`).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    #[default]
    Raw,
    Wav,
}

crate::calls::same_variants!(Container, audio::Container, [Raw, Wav]);

/// A source format. A WAV header takes precedence; fields that contradict it are an error.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[validate(schema(function = "source_rate"))]
#[schema(as = AudioSource)]
struct GivenFormat {
    /// The codec. Defaults to mu-law.
    encoding: Option<Encoding>,
    /// Samples per second. Defaults to 8,000.
    #[serde(default, deserialize_with = "number::sample_rate")]
    #[schema(minimum = 8_000, maximum = 48_000)]
    sample_rate: Option<u32>,
    /// The container. Defaults to `raw`.
    container: Option<Container>,
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
enum To {
    /// A format by name.
    Preset(Preset),
    /// A format.
    Format(Format),
}

impl Preset {
    /// The format that the name stands for.
    pub fn format(self) -> Format {
        let pcm =
            |sample_rate, container| Format { encoding: Encoding::Pcm16, sample_rate, container: Some(container) };
        match self {
            Self::Openai => pcm(24_000, Container::Raw),
            Self::Storage => pcm(16_000, Container::Raw),
            Self::Wav => pcm(16_000, Container::Wav),
        }
    }
}

impl To {
    fn format(self) -> Format {
        match self {
            Self::Preset(preset) => preset.format(),
            Self::Format(format) => format,
        }
    }
}

impl Validate for To {
    fn validate(&self) -> Result<(), validator::ValidationErrors> {
        self.format().validate()
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
    refuse_rate(check_rate(format.encoding, format.sample_rate))
}

/// In a WAV file the header decides; it is read later.
fn source_rate(from: &GivenFormat) -> Result<(), ValidationError> {
    match from.container.unwrap_or_default() {
        Container::Wav => Ok(()),
        Container::Raw => {
            let encoding = from.encoding.unwrap_or(Encoding::Mulaw);
            refuse_rate(check_rate(encoding, from.sample_rate.unwrap_or(8_000)))
        }
    }
}

fn refuse_rate(checked: Result<(), &'static str>) -> Result<(), ValidationError> {
    checked.map_err(|message| ValidationError::new("sampleRate").with_message(message.into()))
}

/// The converted audio.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConvertedAudio {
    /// The audio as base64.
    audio: String,
    /// Its codec.
    encoding: Encoding,
    /// Samples per second.
    sample_rate: u32,
    /// Number of channels, as in the source.
    channels: u16,
    /// The container.
    container: Container,
    /// Length in seconds.
    duration: f64,
}

impl ConvertAudio {
    /// What telephony's mu-law becomes without a change of its rate, so that every machine computes the same bytes.
    const PCM16: Format = Format { encoding: Encoding::Pcm16, sample_rate: 8_000, container: Some(Container::Raw) };

    fn sample() -> Self {
        Self { audio: AddAudioChunk::FRAME.to_owned(), from: None, to: To::Format(Self::PCM16) }
    }
}

/// Conversions at a time: one of 12 MiB may take half a gigabyte while it lasts.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Convert audio
///
/// Converts codec, sample rate and container of up to 16 MiB and 64 channels. Nothing is stored.
#[utoipa::path(
    operation_id = "convertAudio",
    tag = "Audio",
    security(("apiKey" = ["ingest"])),
    request_body(content = ConvertAudio, description = "The audio and both formats.", example = json!(ConvertAudio::sample())),
    responses(
        (status = 200, description = "The converted audio.", body = ConvertedAudio, example = json!(convert(&ConvertAudio::sample()).ok())),
    ),
)]
#[post("/audio/convert")]
pub async fn convert_audio(
    callstore: Data<Callstore>,
    _: Query<NoQuery>,
    once: Once,
    Json(body): Json<ConvertAudio>,
) -> Result<HttpResponse, Problem> {
    let unfinished = || Problem::new(ProblemCode::InternalError, "The conversion did not finish.");
    let _turn = AT_ONCE.acquire().await.map_err(|_| unfinished())?;
    let answer = web::block(move || convert(&body)).await.map_err(|_| unfinished())??;
    // The same audio converts to the same; it need not be kept.
    callstore.keep_outcome(once.key(), ()).await?;
    Ok(once.answer(HttpResponse::Ok().json(answer)))
}

fn convert(body: &ConvertAudio) -> Result<ConvertedAudio, Problem> {
    let bytes = decode_any_base64(&body.audio).map_err(|error| Problem::invalid_base64("/audio", &error))?;
    let from = body.from.unwrap_or_default();
    let source = Source {
        encoding: from.encoding.map(Into::into),
        sample_rate: from.sample_rate,
        container: from.container.unwrap_or_default().into(),
    };
    let to = body.to.format();
    let target = audio::Format {
        encoding: to.encoding.into(),
        sample_rate: to.sample_rate,
        container: to.container.unwrap_or_default().into(),
    };
    let converted = audio::convert(&bytes, &source, &target).map_err(|error| refuse(&error))?;
    let Converted { bytes, encoding, sample_rate, channels, container, frames } = converted;
    Ok(ConvertedAudio {
        audio: encode_base64(&bytes),
        encoding: encoding.into(),
        sample_rate,
        channels,
        container: container.into(),
        duration: frames as f64 / f64::from(sample_rate),
    })
}

fn refuse(error: &ConvertError) -> Problem {
    let pointer = match error {
        ConvertError::OddLength(_)
        | ConvertError::Wav(_)
        | ConvertError::UnsupportedRate { .. }
        | ConvertError::Channels { .. } => "/audio".to_owned(),
        ConvertError::Contradicts { field } => format!("/from/{field}"),
        ConvertError::TooLong(_) => "/to".to_owned(),
    };
    Problem::invalid_field(pointer, format!("Cannot be converted: {error}."))
}
