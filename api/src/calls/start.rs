//! `startCall`.

use actix_web::{HttpResponse, http::header, post, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, NewCall, Private};
use utoipa::ToSchema;
use validator::Validate;

use super::{AudioFormat, Call, Direction, Encoding, sid};
use crate::{
    extract::{Json, JsonBody, NoQuery, Once, Query, etag},
    problem::Problem,
    wire::{Time, name, name_or_empty, optional_object},
};

/// What a call starts with.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartCall {
    /// The media stream's name: paths accept it in place of the call's id, percent-encoded. It may not be a UUID. The
    /// call's id unless given.
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_.:@=/+{}~%!-]+$")]
    #[validate(custom(function = "sid"))]
    pub stream_sid: Option<String>,
    /// The caller, as a phone number or a name. `unknown` unless given, or if empty.
    #[schema(value_type = Option<String>, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(custom(function = "name_or_empty"))]
    pub caller: Option<Private>,
    /// The phone call's id at the carrier; unique. It may not be a UUID.
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_.:@=/+{}~%!-]+$")]
    #[validate(custom(function = "sid"))]
    pub call_sid: Option<String>,
    /// Who answered.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(custom(function = "name"))]
    pub agent: Option<Private>,
    /// Who called whom.
    pub direction: Option<Direction>,
    /// When the call began; now unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// How the chunks are encoded; mu-law at 8,000 Hz unless given.
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
/// From here on the call takes audio, transcripts, analytics and metadata. The same request again returns the same call,
/// so that a client can repeat it when it did not see the answer.
#[utoipa::path(
    operation_id = "startCall",
    tag = "Calls",
    security(("apiKey" = ["ingest"])),
    request_body(content = StartCall, description = "The call.", example = json!(StartCall::sample())),
    responses(
        (status = 201, description = "The call is started.", body = Call,
            headers(("ETag" = String, description = "The version, for `If-Match` and `If-None-Match`."), ("Location" = String, description = "The call's own path.")),
            example = json!(Call::sample())),
        (status = 200, description = "The same request had started the call before.", body = Call, headers(("ETag" = String, description = "The version, for `If-Match` and `If-None-Match`.")),
            example = json!(Call::sample())),
        (status = 409, description = "`stream_sid_conflict`: a call with this streamSid exists and differs. \
            `call_sid_conflict`: another call has this callSid."),
    ),
)]
#[post("/calls")]
pub async fn start_call(
    callstore: Data<Callstore>,
    _: Query<NoQuery>,
    once: Once,
    Json(body): Json<StartCall>,
) -> Result<HttpResponse, Problem> {
    let started = callstore.start_call(body.into(), once.key()).await?;
    let mut response = if started.created { HttpResponse::Created() } else { HttpResponse::Ok() };
    if started.created {
        response.insert_header((header::LOCATION, format!("/calls/{}", started.call.id)));
    }
    response.insert_header((header::ETAG, etag(&started.call)));
    Ok(once.answer(response.json(Call::new(started.call)?)))
}

impl From<StartCall> for NewCall {
    fn from(body: StartCall) -> Self {
        Self {
            stream_sid: body.stream_sid,
            caller: body.caller.filter(|caller| !caller.expose().is_empty()),
            call_sid: body.call_sid,
            agent: body.agent,
            direction: body.direction.map(Into::into),
            start_time: body.start_time.map(|Time(time)| time),
            audio_format: body.audio_format.map(Into::into),
        }
    }
}
