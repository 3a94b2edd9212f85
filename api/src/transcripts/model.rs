//! Transcripts on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use service::Private;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::{
    chunks::model::Track,
    wire::{Time, check_length, free_form, object, real, same_variants},
};

/// The kind of entry: `speech`, a `tool_call`, its `tool_result`, or a `note`, such as a key press.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TranscriptKind {
    #[default]
    Speech,
    ToolCall,
    ToolResult,
    Note,
}

same_variants!(TranscriptKind, service::TranscriptKind, [Speech, ToolCall, ToolResult, Note]);

/// A spoken word. Times are seconds since the start of the call.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[validate(schema(function = "word_ends_after_start", skip_on_field_errors = false))]
pub struct Word {
    /// The word.
    #[schema(value_type = String, min_length = 1, max_length = 1_024, pattern = r"^[^\u0000]*$")]
    #[validate(custom(function = "word_text"))]
    pub text: Private,
    /// When the word begins.
    #[serde(deserialize_with = "real::required_place")]
    #[schema(minimum = 0, maximum = 43_200)]
    #[validate(custom(function = "in_a_call"))]
    pub start_time: f64,
    /// When the word ends, not before `startTime`.
    #[serde(deserialize_with = "real::required_place")]
    #[schema(minimum = 0, maximum = 43_200)]
    #[validate(custom(function = "in_a_call"))]
    pub end_time: f64,
    /// The recognizer's confidence, 0 to 1.
    #[serde(default, deserialize_with = "real::share")]
    #[schema(minimum = 0, maximum = 1)]
    #[validate(range(min = 0.0, max = 1.0))]
    pub confidence: Option<f64>,
}

fn word_text(text: &Private) -> Result<(), ValidationError> {
    check_length(text, 1_024)
}

fn word_ends_after_start(word: &Word) -> Result<(), ValidationError> {
    ends_after_start(Some(word.start_time), Some(word.end_time))
}

/// The longest call, in seconds.
const CALL_MAX_SECONDS: f64 = 43_200.0;

/// Refuses a time that no call reaches. Most such times are milliseconds.
pub(super) fn in_a_call(seconds: f64) -> Result<(), ValidationError> {
    if (0.0..=CALL_MAX_SECONDS).contains(&seconds) {
        return Ok(());
    }
    let message = "Must be 0 to 43,200: seconds (not milliseconds) since the start of the call, 12 hours at most.";
    Err(ValidationError::new("in_a_call").with_message(message.into()))
}

/// Refuses an end before the start.
pub(super) fn ends_after_start(start: Option<f64>, end: Option<f64>) -> Result<(), ValidationError> {
    match (start, end) {
        (Some(start), Some(end)) if end < start => {
            Err(ValidationError::new("endTime").with_message("Must not be before startTime.".into()))
        }
        _ => Ok(()),
    }
}

/// Most words of a transcript.
const WORDS_MAX: usize = 5_000;

/// Refuses too many words, and words that are not in the order of their start.
pub(super) fn words_in_order(words: &[Word]) -> Result<(), ValidationError> {
    if words.len() > WORDS_MAX {
        return Err(ValidationError::new("words").with_message("Must have at most 5,000 items.".into()));
    }
    if words.is_sorted_by(|first, second| first.start_time <= second.start_time) {
        return Ok(());
    }
    Err(ValidationError::new("words").with_message("Must be in the order of startTime.".into()))
}

pub(super) fn utterance(text: &Private) -> Result<(), ValidationError> {
    check_length(text, 32_768)
}

pub(super) fn language_tag(tag: &str) -> Result<(), ValidationError> {
    if recognizers::is_language_tag(tag) {
        return Ok(());
    }
    let message = "Must be a BCP 47 language tag of 1 to 35 characters, such as en or en-US.";
    Err(ValidationError::new("language").with_message(message.into()))
}

/// Words as they are stored.
pub(super) fn stored_words(words: &[Word]) -> Option<Private<Value>> {
    serde_json::to_value(words).ok().map(Private::new)
}

/// An utterance of a call, or another entry of its transcript.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Transcript {
    /// The transcript's id, a UUIDv7.
    pub id: Uuid,
    /// The call's id.
    pub call_id: Uuid,
    /// Your name of it, unique in its call.
    #[schema(required)]
    pub external_id: Option<String>,
    /// The kind of entry.
    pub kind: TranscriptKind,
    /// Whose voice it is, if known.
    #[schema(required)]
    pub track: Option<Track>,
    /// The speaker.
    #[schema(value_type = String)]
    pub speaker: Private,
    /// The spoken text.
    #[schema(value_type = String)]
    pub text: Private,
    /// The recognizer's confidence, 0 to 1.
    #[schema(required)]
    pub confidence: Option<f64>,
    /// When the utterance begins: seconds since the start of the call.
    #[schema(required)]
    pub start_time: Option<f64>,
    /// When the utterance ends: seconds since the start of the call.
    #[schema(required)]
    pub end_time: Option<f64>,
    /// The language, a BCP 47 tag.
    #[schema(required)]
    pub language: Option<String>,
    /// The words in the order of their start.
    #[schema(required, value_type = Option<Vec<Word>>)]
    pub words: Option<Private<Value>>,
    /// The arguments of a tool call, or other data of your own.
    #[schema(required, value_type = Option<TranscriptData>)]
    pub data: Option<Private<Map<String, Value>>>,
    /// Whether the recognizer is done with it.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// When the service stored it.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// The id of the key that wrote it, after `token:` if by a call token. Null without a key.
    #[schema(required)]
    pub created_by: Option<String>,
}

/// The schema of `data`.
pub(crate) struct TranscriptData;

impl PartialSchema for TranscriptData {
    fn schema() -> RefOr<Schema> {
        let description = "A JSON object of at most 64 KiB, nested at most 16 levels deep.";
        free_form(description, json!({ "id": "call_1", "name": "book", "arguments": { "day": "Monday" } }))
    }
}

impl ToSchema for TranscriptData {}

impl From<service::Transcript> for Transcript {
    fn from(transcript: service::Transcript) -> Self {
        Self {
            id: transcript.id,
            call_id: transcript.call_id,
            external_id: transcript.external_id,
            kind: transcript.kind.into(),
            track: transcript.track.map(Into::into),
            speaker: transcript.speaker,
            text: transcript.text,
            confidence: transcript.confidence,
            start_time: transcript.start_time,
            end_time: transcript.end_time,
            language: transcript.language,
            words: transcript.words,
            data: object(transcript.data.map(Private::into_inner)).map(Private::new),
            is_final: transcript.is_final,
            created_at: Time(transcript.created_at),
            updated_at: Time(transcript.updated_at),
            created_by: transcript.created_by,
        }
    }
}

impl Transcript {
    /// What an agent says first.
    #[must_use]
    pub(crate) fn sample() -> Self {
        Self {
            id: Uuid::from_u128(0x0190_5f3c_3a11_7e33_9f60_7c8d_9e0f_1021),
            call_id: Uuid::from_u128(0x0190_5f3c_2b7a_7c11_9d4e_5a6b_7c8d_9e0f),
            external_id: None,
            kind: TranscriptKind::Speech,
            track: None,
            speaker: "agent".into(),
            text: "Welcome to Luigi's. What would you like to order?".into(),
            confidence: Some(0.98),
            start_time: Some(0.5),
            end_time: Some(3.77),
            language: None,
            words: None,
            data: None,
            is_final: true,
            created_at: Time::sample_after(4),
            updated_at: Time::sample_after(4),
            created_by: None,
        }
    }
}
