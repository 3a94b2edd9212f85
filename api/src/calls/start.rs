//! `startCall`.

use actix_web::{HttpResponse, http::header, post, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, NewCall, Private};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    format::{AudioFormat, Encoding},
    model::{Call, Direction, sid},
};
use crate::{
    extract::{By, IdempotencyKey, Json, JsonBody, NoQuery, Query, etag},
    problem::Problem,
    wire::{Time, name, name_or_empty, optional_object},
};

/// A new call.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartCall {
    /// The id of the media stream. Unique, and not a UUID. Paths accept it, percent-encoded, for the call's `id`.
    /// Defaults to the call's `id`.
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_.:@=/+{}~%!-]+$")]
    #[validate(custom(function = "sid"))]
    pub stream_sid: Option<String>,
    /// The caller: a phone number or a name. Defaults to `unknown`, also if empty or blank.
    #[schema(value_type = Option<String>, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(custom(function = "name_or_empty"))]
    pub caller: Option<Private>,
    /// The carrier's id of the phone call. Unique, and not a UUID.
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_.:@=/+{}~%!-]+$")]
    #[validate(custom(function = "sid"))]
    pub call_sid: Option<String>,
    /// The agent that handles the call.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(custom(function = "name"))]
    pub agent: Option<Private>,
    /// Who placed the call.
    pub direction: Option<Direction>,
    /// When the call began. Defaults to now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// How the chunks are encoded. Defaults to mu-law at 8,000 Hz.
    #[serde(default, deserialize_with = "optional_object")]
    #[validate(nested)]
    pub audio_format: Option<AudioFormat>,
}

impl JsonBody for StartCall {}

impl StartCall {
    /// A call as a carrier brings it. It starts now: someone who sends the example wants no call in the past.
    #[must_use]
    pub fn sample() -> Self {
        let call = Call::sample();
        Self {
            stream_sid: Some(call.stream_sid),
            caller: Some(call.caller),
            call_sid: call.call_sid,
            agent: call.agent,
            direction: Some(Direction::Inbound),
            start_time: None,
            audio_format: Some(AudioFormat { encoding: Encoding::Mulaw, sample_rate: 8_000 }),
        }
    }
}

/// Start a call
///
/// The call accepts audio, transcripts, analytics and metadata at once. Retries are safe: the same request returns the
/// same call.
#[utoipa::path(
    operation_id = "startCall",
    tag = "Calls",
    security(("apiKey" = ["ingest"])),
    request_body(content = StartCall, description = "The call.", example = json!(StartCall::sample())),
    responses(
        (status = 201, description = "The call has started.", body = Call,
            headers(("ETag" = String, description = "The version, for `If-Match` and `If-None-Match`."), ("Location" = String, description = "The path of the call.")),
            example = json!(Call::sample())),
        (status = 200, description = "An earlier request with the same content started the call.", body = Call, headers(("ETag" = String, description = "The version, for `If-Match` and `If-None-Match`.")),
            example = json!(Call::sample())),
        (status = 409, description = "`stream_sid_conflict`: a call with this `streamSid` exists and differs. \
            `call_sid_conflict`: another call has this `callSid`."),
    ),
)]
#[post("/calls")]
pub(crate) async fn start_call(
    callstore: Data<Callstore>,
    By(author): By,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
    Json(body): Json<StartCall>,
) -> Result<HttpResponse, Problem> {
    let started = callstore.calls.start(body.into(), author, idempotency.key()).await?;
    let mut response = if started.created { HttpResponse::Created() } else { HttpResponse::Ok() };
    if started.created {
        response.insert_header((header::LOCATION, format!("/calls/{}", started.call.id)));
    }
    response.insert_header((header::ETAG, etag(&started.call)));
    Ok(idempotency.answer(response.json(Call::new(started.call)?)))
}

impl From<StartCall> for NewCall {
    fn from(body: StartCall) -> Self {
        Self {
            stream_sid: body.stream_sid,
            caller: body.caller.filter(|caller| !caller.expose().trim().is_empty()),
            call_sid: body.call_sid,
            agent: body.agent,
            direction: body.direction.map(Into::into),
            start_time: body.start_time.map(|Time(time)| time),
            audio_format: body.audio_format.map(Into::into),
        }
    }
}
