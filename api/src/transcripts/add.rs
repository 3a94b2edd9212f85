//! `addTranscript`.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    post,
    web::Data,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use service::{Callstore, NewTranscript, Private, StoredTranscript, TranscriptOutcome};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::model::{
    Transcript, TranscriptData, TranscriptKind, Word, ends_after_start, in_a_call, language_tag, stored_words,
    utterance, words_in_order,
};
use crate::{
    audit::record::Entry,
    chunks::model::Track,
    extract::{By, CallPath, IdempotencyKey, Json, JsonBody, NoQuery, Query, etag},
    problem::Problem,
    wire::{name, optional_objects, real},
};

/// A new transcript.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[validate(schema(function = "whole", skip_on_field_errors = false))]
pub struct AddTranscript {
    /// The spoken text.
    #[schema(value_type = String, min_length = 1, max_length = 32_768, pattern = r"^[^\u0000]*$")]
    #[validate(custom(function = "utterance"))]
    pub text: Private,
    /// The speaker, such as `caller` or `agent`. With `track` it may be absent: `inbound` is then `caller`, `outbound`
    /// `agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(custom(function = "name"))]
    pub speaker: Option<Private>,
    /// Whose voice it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<Track>,
    /// The kind of entry. Defaults to `speech`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<TranscriptKind>,
    /// The recognizer's confidence, 0 to 1.
    #[serde(default, deserialize_with = "real::share")]
    #[schema(minimum = 0, maximum = 1)]
    #[validate(range(min = 0.0, max = 1.0))]
    pub confidence: Option<f64>,
    /// When the utterance begins: seconds since the start of the call.
    #[serde(default, deserialize_with = "real::place")]
    #[schema(minimum = 0, maximum = 43_200)]
    #[validate(custom(function = "in_a_call"))]
    pub start_time: Option<f64>,
    /// When the utterance ends: seconds since the start of the call, not before `startTime`.
    #[serde(default, deserialize_with = "real::place")]
    #[schema(minimum = 0, maximum = 43_200)]
    #[validate(custom(function = "in_a_call"))]
    pub end_time: Option<f64>,
    /// The language, a BCP 47 tag of at most 35 characters, such as `en-US`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$")]
    #[validate(custom(function = "language_tag"))]
    pub language: Option<String>,
    /// Up to 5,000 words, in the order of `startTime`.
    #[serde(default, deserialize_with = "optional_objects", skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 5_000)]
    #[validate(nested, custom(function = "words_in_order"))]
    pub words: Option<Vec<Word>>,
    /// The arguments of a tool call, or other data of your own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TranscriptData>)]
    pub data: Option<Private<Map<String, Value>>>,
    /// Your name of it, unique in its call. The same name again replaces the transcript.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, pattern = r"^[!-~]+$")]
    #[validate(custom(function = "visible"))]
    pub external_id: Option<String>,
    /// Whether the recognizer is done with it. Defaults to true.
    #[serde(default, rename = "final", skip_serializing_if = "Option::is_none")]
    pub is_final: Option<bool>,
}

fn visible(id: &str) -> Result<(), ValidationError> {
    if (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let message = "Must be 1 to 128 visible ASCII characters, without spaces.";
    Err(ValidationError::new("external_id").with_message(message.into()))
}

fn whole(transcript: &AddTranscript) -> Result<(), ValidationError> {
    if transcript.speaker.is_none() && transcript.track.is_none() {
        return Err(ValidationError::new("speaker").with_message("Required unless track is given.".into()));
    }
    ends_after_start(transcript.start_time, transcript.end_time)
}

impl JsonBody for AddTranscript {}

impl AddTranscript {
    /// What an agent says first.
    #[must_use]
    pub fn sample() -> Self {
        let Transcript { speaker, text, confidence, start_time, end_time, .. } = Transcript::sample();
        Self {
            text,
            speaker: Some(speaker),
            track: None,
            kind: None,
            confidence,
            start_time,
            end_time,
            language: None,
            words: None,
            data: None,
            external_id: None,
            is_final: None,
        }
    }
}

impl From<AddTranscript> for NewTranscript {
    fn from(body: AddTranscript) -> Self {
        let track = body.track.map(Into::into);
        let speaker = || match track {
            Some(service::Track::Inbound) => "caller",
            Some(service::Track::Outbound) => "agent",
            None => service::UNKNOWN_CALLER,
        };
        Self {
            external_id: body.external_id,
            kind: body.kind.unwrap_or_default().into(),
            track,
            speaker: body.speaker.unwrap_or_else(|| speaker().into()),
            text: body.text,
            start_time: body.start_time,
            end_time: body.end_time,
            confidence: body.confidence,
            language: body.language,
            words: body.words.as_deref().and_then(stored_words),
            data: body.data.map(|data| data.map(Value::Object)),
            is_final: body.is_final.unwrap_or(true),
        }
    }
}

/// The status of what became of transcripts: 200 if none of them is new, else 201.
pub(super) fn status_of(stored: &[StoredTranscript]) -> StatusCode {
    let is_new = |stored: &StoredTranscript| stored.outcome == TranscriptOutcome::Added;
    if stored.iter().any(is_new) { StatusCode::CREATED } else { StatusCode::OK }
}

/// Add a transcript
///
/// Adds one utterance, a tool call or a note, during the call or after its end. With the `externalId` of a stored one,
/// it replaces that (200): so an interim result becomes final.
#[utoipa::path(
    operation_id = "addTranscript",
    tag = "Transcripts",
    security(("apiKey" = ["ingest"]), ("apiKey" = ["call"])),
    request_body(content = AddTranscript, description = "The utterance.", example = json!(AddTranscript::sample())),
    responses(
        (status = 200, description = "The transcript with this `externalId` is replaced.", body = Transcript, example = json!(Transcript::sample())),
        (status = 201, description = "The transcript is stored.", body = Transcript, example = json!(Transcript::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid. `transcript_not_found`: a retry whose transcript was deleted."),
    ),
)]
#[post("/calls/{call}/transcripts")]
pub(crate) async fn add_transcript(
    callstore: Data<Callstore>,
    call: CallPath,
    By(author): By,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
    entry: Entry,
    Json(body): Json<AddTranscript>,
) -> Result<HttpResponse, Problem> {
    let entry = entry.of(StatusCode::CREATED);
    let stored = callstore.transcripts.add(&call.0, body.into(), author, idempotency.key(), entry).await?;
    let mut response = HttpResponse::build(status_of(std::slice::from_ref(&stored)));
    response.insert_header((header::ETAG, etag(&stored.transcript)));
    Ok(idempotency.answer(response.json(Transcript::from(stored.transcript))))
}
