//! `updateTranscript`.

use actix_web::{HttpResponse, http::header, patch, web::Data};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use service::{Callstore, Private, TranscriptChange};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::model::{
    Transcript, TranscriptData, TranscriptKind, Word, ends_after_start, in_a_call, language_tag, stored_words,
    utterance, words_in_order,
};
use crate::{
    chunks::model::Track,
    extract::{By, Condition, Json, JsonBody, NoQuery, Query, TranscriptPath, etag},
    problem::Problem,
    wire::{double_option, given, name, optional_objects, real},
};

/// Changes to a transcript. Absent fields stay; null removes a value.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[validate(schema(function = "times", skip_on_field_errors = false))]
pub(crate) struct UpdateTranscript {
    /// The spoken text.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 32_768, pattern = r"^[^\u0000]*$")]
    #[validate(custom(function = "utterance"))]
    pub text: Option<Private>,
    /// The speaker.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(custom(function = "name"))]
    pub speaker: Option<Private>,
    /// Whose voice it is.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Track>)]
    pub track: Option<Option<Track>>,
    /// The kind of entry.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub kind: Option<TranscriptKind>,
    /// The recognizer's confidence, 0 to 1.
    #[serde(default, deserialize_with = "real::changed_share", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
    #[validate(range(min = 0.0, max = 1.0))]
    pub confidence: Option<Option<f64>>,
    /// When the utterance begins: seconds since the start of the call.
    #[serde(default, deserialize_with = "real::changed_place", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 43_200)]
    #[validate(custom(function = "in_a_call"))]
    pub start_time: Option<Option<f64>>,
    /// When the utterance ends: seconds since the start of the call, not before `startTime`.
    #[serde(default, deserialize_with = "real::changed_place", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 43_200)]
    #[validate(custom(function = "in_a_call"))]
    pub end_time: Option<Option<f64>>,
    /// The language, a BCP 47 tag of at most 35 characters, such as `en-US`.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$")]
    #[validate(custom(function = "language_tag"))]
    pub language: Option<Option<String>>,
    /// Up to 5,000 words, in the order of `startTime`.
    #[serde(default, deserialize_with = "changed_words", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Word>>, max_items = 5_000)]
    #[validate(custom(function = "changed_words_in_order"))]
    pub words: Option<Option<Vec<Word>>>,
    /// The arguments of a tool call, or other data of your own. Replaces the stored object.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TranscriptData>)]
    pub data: Option<Option<Private<Map<String, Value>>>>,
    /// Whether the recognizer is done with it.
    #[serde(default, deserialize_with = "given", rename = "final", skip_serializing_if = "Option::is_none")]
    pub is_final: Option<bool>,
}

fn times(change: &UpdateTranscript) -> Result<(), ValidationError> {
    ends_after_start(change.start_time.flatten(), change.end_time.flatten())
}

fn changed_words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Vec<Word>>>, D::Error> {
    optional_objects(deserializer).map(Some)
}

/// Checks the words of a change.
fn changed_words_in_order(words: &[Word]) -> Result<(), ValidationError> {
    if words.iter().any(|word| word.validate().is_err()) {
        let message = "Each word must have a text, and a start and an end in seconds, in that order.";
        return Err(ValidationError::new("words").with_message(message.into()));
    }
    words_in_order(words)
}

impl JsonBody for UpdateTranscript {
    const TYPES: &'static [&'static str] = &["application/json", "application/merge-patch+json"];
}

impl UpdateTranscript {
    fn sample() -> Self {
        Self { text: Some("Welcome to Luigi's. What can I get you?".into()), ..Self::default() }
    }
}

impl From<UpdateTranscript> for TranscriptChange {
    fn from(body: UpdateTranscript) -> Self {
        Self {
            kind: body.kind.map(Into::into),
            track: body.track.map(|track| track.map(Into::into)),
            speaker: body.speaker,
            text: body.text,
            start_time: body.start_time,
            end_time: body.end_time,
            confidence: body.confidence,
            language: body.language,
            words: body.words.map(|words| words.as_deref().and_then(stored_words)),
            data: body.data.map(|data| data.map(|data| data.map(Value::Object))),
            is_final: body.is_final,
        }
    }
}

/// Update a transcript
///
/// Absent fields stay, null removes a value, and `data` is replaced as a whole.
#[utoipa::path(
    operation_id = "updateTranscript",
    tag = "Transcripts",
    security(("apiKey" = ["ingest"]), ("apiKey" = ["call"])),
    params(
        ("If-Match" = Option<String>, Header, description = "Apply the change only if one of these ETags is current; `*`: only if it exists."),
    ),
    request_body(
        content((UpdateTranscript = "application/json", example = json!(UpdateTranscript::sample())),
            (UpdateTranscript = "application/merge-patch+json", example = json!(UpdateTranscript::sample()))),
        description = "The fields to change."),
    responses(
        (status = 200, description = "The updated transcript.", body = Transcript, example = json!(Transcript::sample())),
        (status = 404, description = "`transcript_not_found`: no transcript has this id."),
        (status = 412, description = "`precondition_failed`: it has changed (ETag mismatch). Fetch it and retry."),
    ),
)]
#[patch("/transcripts/{id}")]
pub(crate) async fn update_transcript(
    callstore: Data<Callstore>,
    id: TranscriptPath,
    _: Query<NoQuery>,
    By(author): By,
    Condition(condition): Condition,
    Json(body): Json<UpdateTranscript>,
) -> Result<HttpResponse, Problem> {
    let changed = callstore.transcripts.update(id.0, body.into(), author, condition).await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(&changed))).json(Transcript::from(changed)))
}
