//! `endCall`.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderMap, HeaderName},
    post,
    web::Data,
};
use serde::{Deserialize, Serialize};
use service::{Callstore, Status};
use utoipa::ToSchema;
use validator::Validate;

use super::model::Call;
use crate::{
    extract::{CallPath, IdempotencyKey, JsonBody, NoQuery, OptionalJson, Query},
    limits::END_WAIT_MAX,
    problem::Problem,
    wire::Time,
};

/// The end of a call.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EndCall {
    /// When the call ended. Defaults to now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Time>,
}

impl JsonBody for EndCall {}

const PREFER: HeaderName = HeaderName::from_static("prefer");
/// How long an answer waits for the recording, unless `Prefer: wait=N` says otherwise, in seconds.
const WAIT_DEFAULT: u64 = 10;

/// End a call
///
/// The call accepts no more audio, and the service makes its recording: a stereo WAV with the caller left and the agent
/// right, or mono if only one track has audio. The response waits up to 10 seconds for it, or as long as `Prefer:
/// wait=N` says. A retry waits again; it also finalizes a failed call again.
#[utoipa::path(
    operation_id = "endCall",
    tag = "Calls",
    security(("apiKey" = ["ingest"]), ("apiKey" = ["call"])),
    params(("Prefer" = Option<String>, Header, description = "How long to wait for the recording: `wait=N`, 0 to 30 seconds.")),
    request_body(content = Option<EndCall>, description = "The end of the call. Optional.", example = json!(EndCall::default())),
    responses(
        (status = 200, description = "The call is `completed` and has its recordings, or `failed`.", body = Call,
            example = json!(Call::sample_completed())),
        (status = 202, description = "The recording is still being made.", body = Call,
            example = json!(Call::sample_finalizing())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
    ),
)]
#[post("/calls/{call}/end")]
pub(crate) async fn end_call(
    callstore: Data<Callstore>,
    request: HttpRequest,
    call: CallPath,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
    OptionalJson(body): OptionalJson<EndCall>,
) -> Result<HttpResponse, Problem> {
    let end_time = body.end_time.map(|Time(time)| time);
    let (call, parts) = callstore.calls.end(&call.0, end_time, wait(request.headers()), idempotency.key()).await?;
    if matches!(call.status, Status::Active | Status::Finalizing) {
        return Ok(idempotency.answer(HttpResponse::Accepted().json(Call::new(call)?)));
    }
    Ok(idempotency.answer(HttpResponse::Ok().json(Call::with_parts(call, parts)?)))
}

/// What `Prefer` asks for (RFC 7240); a preference that cannot be read is no preference.
pub(crate) fn wait(headers: &HeaderMap) -> Duration {
    let values = headers.get_all(PREFER).filter_map(|value| value.to_str().ok());
    let mut preferences = values.flat_map(|value| value.split(',')).map(|preference| {
        let preference = preference.split(';').next().unwrap_or_default();
        preference.split_once('=').unwrap_or((preference, ""))
    });
    let wait = preferences.find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"));
    let seconds = wait.and_then(|(_, seconds)| seconds.trim().trim_matches('"').parse::<u64>().ok());
    Duration::from_secs(seconds.unwrap_or(WAIT_DEFAULT)).min(END_WAIT_MAX)
}
