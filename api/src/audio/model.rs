//! Conversions on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::format::{Container, Format, GivenFormat, To};
use crate::{
    calls::format::Encoding, chunks::add::AddAudioChunk, extract::JsonBody, limits::AUDIO_MAX_BYTES,
    wire::optional_object,
};

/// Audio with its source and target formats.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConvertAudio {
    /// The audio as base64.
    #[schema(format = "byte", pattern = "^[A-Za-z0-9+/]*={0,2}$")]
    pub audio: String,
    /// The source format. Defaults to raw mu-law at 8,000 Hz.
    #[serde(default, deserialize_with = "optional_object")]
    #[validate(nested)]
    pub from: Option<GivenFormat>,
    /// The target format.
    #[validate(nested)]
    pub to: To,
    /// Whether to convert as much of a damaged source as possible: a WAV file to its end even if its header states
    /// fewer samples, and raw PCM16 without an odd last byte. `warnings` then names the damage. Defaults to false.
    pub salvage: Option<bool>,
    /// Converts a piece: empty with the first piece, and `state` of the previous answer with the others. Absent or null
    /// to convert the audio as a whole.
    pub state: Option<String>,
    /// Whether this is the last piece, so that the answer has all remaining audio. False unless given.
    pub end: Option<bool>,
}

impl JsonBody for ConvertAudio {
    const MAX_BYTES: usize = AUDIO_MAX_BYTES;
}

/// The converted audio.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConvertedAudio {
    /// The audio as base64.
    pub audio: String,
    /// Its codec.
    pub encoding: Encoding,
    /// Samples per second.
    pub sample_rate: u32,
    /// Number of channels, as in the source.
    pub channels: u16,
    /// The container.
    pub container: Container,
    /// Length in seconds.
    pub duration: f64,
    /// The problems of the source, one sentence each; usually empty. They name all source audio that is missing from
    /// the response.
    pub warnings: Vec<String>,
    /// The `state` to send with the next piece: opaque, at most 4,096 characters, valid at every node. Null for audio
    /// converted as a whole, and after the last piece.
    #[schema(required)]
    pub state: Option<String>,
}

impl ConvertAudio {
    /// What telephony's mu-law becomes without a change of its rate, so that every machine computes the same bytes.
    const PCM16: Format = Format { encoding: Encoding::Pcm16, sample_rate: 8_000, container: Some(Container::Raw) };

    /// A frame of telephony audio that becomes linear samples.
    pub(crate) fn sample() -> Self {
        Self {
            audio: AddAudioChunk::FRAME.to_owned(),
            from: None,
            to: To::Format(Self::PCM16),
            salvage: None,
            state: None,
            end: None,
        }
    }
}
