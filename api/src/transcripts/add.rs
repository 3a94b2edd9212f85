//! `addTranscript`.

use actix_web::{HttpResponse, http::StatusCode, post, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, NewTranscript, Private};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::model::Transcript;
use crate::{
    audit::record::Entry,
    extract::{CallPath, IdempotencyKey, Json, JsonBody, NoQuery, Query},
    problem::Problem,
    wire::{check_length, name, real},
};

/// A new transcript.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[validate(schema(function = "ends_after_start", skip_on_field_errors = false))]
pub struct AddTranscript {
    /// The speaker, such as `caller` or `agent`.
    #[schema(value_type = String, min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(custom(function = "name"))]
    pub speaker: Private,
    /// The spoken text.
    #[schema(value_type = String, min_length = 1, max_length = 32_768, pattern = r"^[^\u0000]*$")]
    #[validate(custom(function = "utterance"))]
    pub text: Private,
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
}

/// The longest call, in seconds.
const CALL_MAX_SECONDS: f64 = 43_200.0;

fn utterance(text: &Private) -> Result<(), ValidationError> {
    check_length(text, 32_768)
}

/// Refuses a time that no call reaches. Most such times are milliseconds.
fn in_a_call(seconds: f64) -> Result<(), ValidationError> {
    if (0.0..=CALL_MAX_SECONDS).contains(&seconds) {
        return Ok(());
    }
    let message = "Must be 0 to 43,200: seconds (not milliseconds) since the start of the call, 12 hours at most.";
    Err(ValidationError::new("in_a_call").with_message(message.into()))
}

fn ends_after_start(transcript: &AddTranscript) -> Result<(), ValidationError> {
    match (transcript.start_time, transcript.end_time) {
        (Some(start), Some(end)) if end < start => {
            Err(ValidationError::new("endTime").with_message("Must not be before startTime.".into()))
        }
        _ => Ok(()),
    }
}

impl JsonBody for AddTranscript {}

impl AddTranscript {
    /// What an agent says first.
    #[must_use]
    pub fn sample() -> Self {
        let Transcript { speaker, text, confidence, start_time, end_time, .. } = Transcript::sample();
        Self { speaker, text, confidence, start_time, end_time }
    }
}

impl From<AddTranscript> for NewTranscript {
    fn from(body: AddTranscript) -> Self {
        Self {
            speaker: body.speaker,
            text: body.text,
            confidence: body.confidence,
            start_time: body.start_time,
            end_time: body.end_time,
        }
    }
}

/// Add a transcript
///
/// Adds one utterance, during the call or after its end.
#[utoipa::path(
    operation_id = "addTranscript",
    tag = "Transcripts",
    security(("apiKey" = ["ingest"])),
    request_body(content = AddTranscript, description = "The utterance.", example = json!(AddTranscript::sample())),
    responses(
        (status = 201, description = "The transcript is stored.", body = Transcript, example = json!(Transcript::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
    ),
)]
#[post("/calls/{call}/transcripts")]
pub(crate) async fn add_transcript(
    callstore: Data<Callstore>,
    call: CallPath,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
    entry: Entry,
    Json(body): Json<AddTranscript>,
) -> Result<HttpResponse, Problem> {
    let stored =
        callstore.transcripts.add(&call.0, body.into(), idempotency.key(), entry.of(StatusCode::CREATED)).await?;
    Ok(idempotency.answer(HttpResponse::Created().json(Transcript::from(stored))))
}
