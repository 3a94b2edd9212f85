//! `convertAudio`.

use actix_web::{
    HttpResponse, post,
    web::{self, Data},
};
use service::audio::number::real;
use service::{
    Callstore,
    audio::{self, ConvertError, Converted, Source, WavError, decode_any_base64, encode_base64},
};
use tokio::sync::Semaphore;

use super::{
    format::Container,
    model::{ConvertAudio, ConvertedAudio},
    pieces,
};
use crate::{
    extract::{IdempotencyKey, Json, NoQuery, Query},
    problem::{Problem, ProblemCode},
};

/// Conversions at a time: one of 12 MiB may take half a gigabyte while it lasts.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Convert audio
///
/// Converts codec, sample rate and container of up to 16 MiB and 64 channels. Nothing is stored.
///
/// To convert audio as it arrives, such as frames of 20 ms, send it in pieces. Send `state: ""` with the first piece,
/// each answer's `state` with the next piece, and `end: true` with the last. The answers joined are the conversion of
/// the whole, bit for bit. A piece may be cut anywhere and may be empty. An answer may be empty, too: the filter looks
/// ahead, so up to 17 ms of audio come with a later answer. Pieces are raw and have one channel.
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
pub(crate) async fn convert_audio(
    callstore: Data<Callstore>,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
    Json(body): Json<ConvertAudio>,
) -> Result<HttpResponse, Problem> {
    let unfinished = || Problem::new(ProblemCode::InternalError, "The conversion did not finish.");
    let _turn = AT_ONCE.acquire().await.map_err(|_| unfinished())?;
    pieces::check(&body)?;
    let answer = match body.state.as_deref() {
        None => web::block(move || convert(&body)).await.map_err(|_| unfinished())??,
        Some(state) => {
            let state = match state {
                "" => Vec::new(),
                text => callstore.conversions.read(text).await?.ok_or_else(pieces::invalid_state)?,
            };
            let converted =
                web::block(move || pieces::convert(&body, &samples(&body, state.is_empty())?, &state)).await;
            let (answer, next) = converted.map_err(|_| unfinished())??;
            match next {
                Some(next) => ConvertedAudio { state: Some(callstore.conversions.sign(&next).await?), ..answer },
                None => answer,
            }
        }
    };
    // The same audio converts to the same; it need not be kept.
    callstore.outcomes.keep(idempotency.key(), None, Ok(())).await?;
    Ok(idempotency.answer(HttpResponse::Ok().json(answer)))
}

/// What makes a file that can be read of most others.
const TO_WAV: &str = "Decode it first, for example with ffmpeg -i FILE -c:a pcm_s16le FILE.wav.";

fn convert(body: &ConvertAudio) -> Result<ConvertedAudio, Problem> {
    let bytes = samples(body, true)?;
    let from = body.from.unwrap_or_default();
    let source = Source {
        encoding: from.encoding.map(Into::into),
        sample_rate: from.sample_rate,
        container: from.container.unwrap_or_default().into(),
        salvage: body.salvage.unwrap_or_default(),
    };
    let converted = audio::convert(&bytes, &source, &body.to.into()).map_err(|error| refuse(&error))?;
    let Converted { bytes, encoding, sample_rate, channels, container, frames, warnings } = converted;
    Ok(ConvertedAudio {
        audio: encode_base64(&bytes),
        encoding: encoding.into(),
        sample_rate,
        channels,
        container: container.into(),
        duration: real(frames) / f64::from(sample_rate),
        warnings: warnings.iter().map(ToString::to_string).collect(),
        state: None,
    })
}

/// The decoded audio. At the beginning of raw samples, a container is refused.
fn samples(body: &ConvertAudio, begins: bool) -> Result<Vec<u8>, Problem> {
    let bytes = decode_any_base64(&body.audio).map_err(|error| Problem::invalid_base64("/audio", &error))?;
    let container = body.from.unwrap_or_default().container.unwrap_or_default();
    if let (true, Container::Raw, Some(kind)) = (begins, container, audio::sniff::leading_container(&bytes)) {
        let hint = if kind.contains("WAV") { "Set from.container to \"wav\"." } else { TO_WAV };
        return Err(Problem::invalid_field("/audio", format!("These are not raw samples but {kind}. {hint}")));
    }
    Ok(bytes)
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
    Problem::invalid_field(pointer, format!("Cannot be converted: {error}. {}", remedy(error)))
}

/// What to do about audio that cannot be converted.
fn remedy(error: &ConvertError) -> String {
    match error {
        ConvertError::OddLength(_) => "Send whole samples, or set salvage to leave out the last byte.".to_owned(),
        ConvertError::Contradicts { field } => format!("Leave from.{field} out: the header states it."),
        ConvertError::UnsupportedRate { .. } => {
            "Resample the file first, for example with ffmpeg -i FILE -ar 48000 FILE.wav.".to_owned()
        }
        ConvertError::Channels { .. } => {
            "Reduce the channels first, for example with ffmpeg -i FILE -ac 2 FILE.wav.".to_owned()
        }
        ConvertError::TooLong(_) => "Convert it in parts.".to_owned(),
        ConvertError::Wav(WavError::NotWav) => {
            "Send a WAV file, or set from.container to raw for samples without a header.".to_owned()
        }
        ConvertError::Wav(WavError::CutHeader { .. } | WavError::NoData) => "Send the whole file.".to_owned(),
        ConvertError::Wav(
            WavError::OtherKind { .. }
            | WavError::NoFormat
            | WavError::DamagedFormat { .. }
            | WavError::UnknownTag { .. }
            | WavError::UnsupportedBits { .. },
        ) => TO_WAV.to_owned(),
    }
}
