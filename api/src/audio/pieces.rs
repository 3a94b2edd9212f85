//! `convertAudio` in pieces: the client keeps the converter's state between requests.

use service::audio::number::wide;
use service::audio::{self, Container, Converter, StateError, StreamFormat, encode_base64, wav::Warning};

use super::model::{ConvertAudio, ConvertedAudio};
use crate::problem::Problem;

/// Refuses what a conversion in pieces cannot do.
pub(super) fn check(body: &ConvertAudio) -> Result<(), Problem> {
    let refuse = |pointer: &str, detail: &str| Err(Problem::invalid_field(pointer, detail));
    match &body.state {
        None if body.end.is_some() => refuse(
            "/end",
            "Only a conversion in pieces has an end. Send `state` as well, empty (\"\") with the first piece, or leave \
             `end` out.",
        ),
        None => Ok(()),
        Some(_) if Container::from(body.from.unwrap_or_default().container.unwrap_or_default()) == Container::Wav => {
            refuse(
                "/from/container",
                "Pieces are raw samples. Send what follows the WAV header as raw, or the whole file without `state`.",
            )
        }
        Some(_) if audio::Format::from(body.to).container == Container::Wav => refuse(
            "/to",
            "Pieces are raw samples, and a WAV header states the length of the whole. Ask for raw pieces and put a \
             header in front of them, or convert the whole without `state`.",
        ),
        Some(_) => Ok(()),
    }
}

/// Converts a piece after those that `state` remembers; an empty state is the beginning. Returns the answer without its
/// state, and the state unless this is the end.
pub(super) fn convert(
    body: &ConvertAudio,
    bytes: &[u8],
    state: &[u8],
) -> Result<(ConvertedAudio, Option<Vec<u8>>), Problem> {
    let (from, to) = (body.from.unwrap_or_default(), audio::Format::from(body.to));
    let encoding = from.encoding.map_or(audio::Encoding::Mulaw, Into::into);
    let format = StreamFormat { encoding, sample_rate: from.sample_rate.unwrap_or(8_000), channels: 1 };
    let mut converter = Converter::new(format, to.encoding, to.sample_rate)
        .map_err(|error| Problem::invalid_field("/to", format!("Cannot be converted: {error}.")))?;
    if !state.is_empty() {
        converter.resume(state).map_err(|error| match error {
            StateError::OtherFormats => {
                let detail = "The state belongs to a conversion between other formats. Repeat `from` and `to` of the \
                    first piece, or begin anew with an empty `state`.";
                Problem::invalid_field("/state", detail)
            }
            StateError::Damaged => invalid_state(),
        })?;
    }
    let (mut out, mut warnings) = (Vec::new(), Vec::new());
    converter.push(bytes, &mut out);
    let state = if body.end == Some(true) {
        let left = converter.finish(&mut out);
        if left > 0 && body.salvage != Some(true) {
            let detail = "The pieces together are an odd number of bytes, and PCM16 takes two bytes a sample. Send the \
                missing byte, or `salvage: true` to leave the last one out.";
            return Err(Problem::invalid_field("/audio", detail));
        }
        if left > 0 {
            warnings.push(Warning::PartialFrame { bytes: wide(left), frame: format.bytes_per_frame() }.to_string());
        }
        None
    } else {
        Some(converter.save())
    };
    let format = converter.format();
    let answer = ConvertedAudio {
        audio: encode_base64(&out),
        encoding: format.encoding.into(),
        sample_rate: format.sample_rate,
        channels: 1,
        container: Container::Raw.into(),
        duration: format.seconds(wide(out.len())),
        warnings,
        state: None,
    };
    Ok((answer, state))
}

/// The problem with a state that this service has not made.
pub(super) fn invalid_state() -> Problem {
    let detail = "This is not a state that this service returned. Send `state` of the previous answer unchanged, or an \
        empty one to begin.";
    Problem::invalid_field("/state", detail)
}
