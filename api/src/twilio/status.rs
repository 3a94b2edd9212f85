//! The operation `twilioStatus`.

use actix_web::{HttpRequest, HttpResponse, post, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, Direction, PhoneCall, Private};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    Twilio,
    voice::{check_name, party},
};
use crate::{
    extract::{By, Form, IdempotencyKey},
    problem::Problem,
};

/// Twilio's report about a phone call or its stream. Other fields are ignored.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StatusForm {
    /// Twilio's id of the phone call.
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_.:@=/+{}~%!-]+$")]
    pub call_sid: String,
    /// The state of the phone call. `completed`, `busy`, `failed`, `no-answer` and `canceled` end it.
    #[schema(pattern = r"^[^\u0000]*$")]
    pub call_status: Option<String>,
    /// The id of the stream, if the report is about one.
    #[schema(max_length = 128, pattern = "^[A-Za-z0-9_.:@=/+{}~%!-]*$")]
    pub stream_sid: Option<String>,
    /// The caller's number.
    #[schema(value_type = Option<String>, pattern = r"^[^\u0000]*$")]
    pub from: Option<Private>,
    /// The called number.
    #[schema(value_type = Option<String>, pattern = r"^[^\u0000]*$")]
    pub to: Option<Private>,
    /// `inbound`, or a value that starts with `outbound`.
    #[schema(pattern = r"^[^\u0000]*$")]
    pub direction: Option<String>,
}

impl StatusForm {
    fn sample() -> Self {
        let text = |text: &str| Some(text.to_owned());
        Self {
            call_sid: "CA0123456789abcdef0123456789abcdef".to_owned(),
            call_status: text("completed"),
            stream_sid: None,
            from: Some("+14155550134".into()),
            to: Some("+14155550199".into()),
            direction: text("inbound"),
        }
    }

    fn is_over(&self) -> bool {
        let last = ["completed", "busy", "failed", "no-answer", "canceled"];
        self.call_status.as_deref().is_some_and(|status| last.contains(&status))
    }

    fn direction(&self) -> Option<Direction> {
        match self.direction.as_deref()? {
            "inbound" => Some(Direction::Inbound),
            other if other.starts_with("outbound") => Some(Direction::Outbound),
            _ => None,
        }
    }
}

/// Receive the status of a phone call
///
/// The webhook for "Call status changes". It completes the call that has this `callSid` or `streamSid`: `callSid`,
/// caller, direction, and the called number in `customData`. When the phone call is over, the call ends (`stream_stop`)
/// after the audio that is still arriving. Unknown phone calls get the same response, so that Twilio does not retry.
/// With `CALLSTORE_TWILIO_AUTH_TOKEN` it accepts only requests that Twilio signed; without, it accepts API keys. `GET`
/// works as well, with the fields as query parameters. A `POST` may have query parameters of your own, which are signed
/// and otherwise ignored.
#[utoipa::path(
    operation_id = "twilioStatus",
    tag = "Twilio",
    security(("apiKey" = ["ingest"])),
    extensions(("x-signed-by" = json!("twilio"))),
    params(("X-Twilio-Signature" = Option<String>, Header, description = "Twilio's signature. Required if `CALLSTORE_TWILIO_AUTH_TOKEN` is set.")),
    request_body(content = StatusForm, content_type = "application/x-www-form-urlencoded", description = "The status.",
        example = json!(StatusForm::sample())),
    responses(
        (status = 204, description = "The report was received."),
        (status = 400, description = "`bad_request`: the form is not UTF-8."),
        (status = 403, description = "`signature_invalid`: the signature is missing, or does not fit the auth token and the URL."),
    ),
)]
#[post("/twilio/status")]
pub(crate) async fn twilio_status(
    callstore: Data<Callstore>,
    twilio: Data<Twilio>,
    request: HttpRequest,
    idempotency: IdempotencyKey,
    form: Form,
) -> Result<HttpResponse, Problem> {
    twilio.check_post(&request, &form)?;
    note(&callstore, By::of(&request), idempotency, &form).await
}

/// The same webhook, for phone numbers that are set to `GET`: the fields are parameters of the query.
pub(crate) async fn twilio_status_by_get(
    callstore: Data<Callstore>,
    twilio: Data<Twilio>,
    request: HttpRequest,
    idempotency: IdempotencyKey,
) -> Result<HttpResponse, Problem> {
    twilio.check_get(&request)?;
    note(&callstore, By::of(&request), idempotency, &Form::of(request.query_string().as_bytes())?).await
}

async fn note(
    callstore: &Callstore,
    By(author): By,
    idempotency: IdempotencyKey,
    form: &Form,
) -> Result<HttpResponse, Problem> {
    let status: StatusForm = form.read()?;
    check_name("CallSid", &status.call_sid)?;
    let stream_sid = status.stream_sid.clone().filter(|name| !name.is_empty());
    if let Some(name) = &stream_sid {
        check_name("StreamSid", name)?;
    }
    let (over, direction) = (status.is_over(), status.direction());
    let (caller, callee) = (party(status.from), party(status.to));
    let call_sid = status.call_sid;
    let phone = PhoneCall { call_sid, stream_sid, caller, callee, direction, over };
    callstore.calls.note_phone_call(phone, author, idempotency.key()).await?;
    Ok(idempotency.answer(HttpResponse::NoContent().finish()))
}
