//! Raw audio bodies: which formats their media types name.

use service::{AudioFormat, audio::Encoding};

use crate::{
    extract::media_type,
    problem::{Problem, ProblemCode},
};

/// What a raw body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawAudio {
    /// The format that the media type names; none where it is the call's own.
    pub format: Option<AudioFormat>,
    /// Whether samples come with the high byte first.
    pub big_endian: bool,
}

/// The media types of raw audio.
const TYPES: &str =
    "application/json, audio/basic, audio/PCMU, audio/PCMA, audio/L16;rate=N or application/octet-stream";

/// Reads a `Content-Type` of raw audio: `audio/basic` and `audio/PCMU` (RFC 2046, RFC 4856), `audio/PCMA`, `audio/L16`
/// (RFC 2586, big-endian), or `application/octet-stream`.
pub(crate) fn raw_audio(content_type: Option<&str>) -> Result<RawAudio, Problem> {
    let refuse = |detail: String| Problem::new(ProblemCode::UnsupportedMediaType, detail);
    let unknown =
        || refuse(format!("The Content-Type is missing or not supported. Send the chunk with Content-Type: {TYPES}."));
    let (kind, parameters) = media_type(content_type.ok_or_else(unknown)?);
    let mut rate = None;
    for (name, value) in parameters {
        let number = value.parse::<u32>().ok();
        match name.trim().to_ascii_lowercase().as_str() {
            "rate" => {
                rate = Some(
                    number.ok_or_else(|| refuse("The rate must be a whole number of samples a second.".to_owned()))?,
                )
            }
            "channels" if number != Some(1) => {
                return Err(refuse("A chunk must have one channel. Send each voice as its own track.".to_owned()));
            }
            _ => {}
        }
    }
    let g711 = |encoding| match rate {
        None | Some(8_000) => Ok(Some(AudioFormat { encoding, sample_rate_hz: 8_000 })),
        Some(_) => Err(refuse("The rate of mu-law and A-law must be 8000.".to_owned())),
    };
    let format = match kind.to_ascii_lowercase().as_str() {
        "audio/basic" | "audio/pcmu" => g711(Encoding::Mulaw)?,
        "audio/pcma" => g711(Encoding::Alaw)?,
        "audio/l16" => {
            let sample_rate_hz =
                rate.ok_or_else(|| refuse("audio/L16 needs a rate, as in audio/L16;rate=16000.".to_owned()))?;
            return Ok(RawAudio {
                format: Some(AudioFormat { encoding: Encoding::Pcm16, sample_rate_hz }),
                big_endian: true,
            });
        }
        "application/octet-stream" => None,
        _ => return Err(unknown()),
    };
    Ok(RawAudio { format, big_endian: false })
}
