//! The operation `twilioVoice`.

use actix_web::{HttpRequest, HttpResponse, http::header::CACHE_CONTROL, post, web::Data};
use dialects::{CALLER_MAX, TOKEN};
use serde::{Deserialize, Serialize};
use service::{CallRef, Callstore, Private, SID_CHARACTERS};
use utoipa::ToSchema;
use validator::Validate;

use super::{Twilio, twiml::stream_and_go_on};
use crate::{
    extract::{Form, IdempotencyKey},
    problem::Problem,
    public::BaseUrl,
};

/// Twilio's request about an incoming phone call. Other fields are ignored.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct VoiceForm {
    /// Twilio's id of the phone call.
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_.:@=/+{}~%!-]+$")]
    pub call_sid: String,
    /// The caller's number.
    #[schema(value_type = Option<String>, pattern = r"^[^\u0000]*$")]
    pub from: Option<Private>,
    /// The called number.
    #[schema(value_type = Option<String>, pattern = r"^[^\u0000]*$")]
    pub to: Option<Private>,
}

impl VoiceForm {
    fn sample() -> Self {
        let text = str::to_owned;
        Self {
            call_sid: text("CA0123456789abcdef0123456789abcdef"),
            from: Some("+14155550134".into()),
            to: Some("+14155550199".into()),
        }
    }

    fn sample_answer() -> String {
        let parameters = [("caller", "+14155550134"), ("callee", "+14155550199"), (TOKEN, "AAABm3...")];
        stream_and_go_on("wss://calls.example.com/twilio/stream", &parameters, None)
    }
}

/// Rejects an id that no stored call can have.
pub(crate) fn check_name(field: &str, name: &str) -> Result<(), Problem> {
    match CallRef::parse(name) {
        Some(_) => Ok(()),
        None => Err(Problem::invalid_field(
            format!("/{field}"),
            format!("Must be 1 to 128 of the characters {SID_CHARACTERS}."),
        )),
    }
}

/// Cuts a party's number to the length that the service stores; `None` if it is missing or blank.
pub(crate) fn party(given: Option<Private>) -> Option<Private> {
    let cut: String = given?.expose().chars().take(CALLER_MAX).collect();
    (!cut.trim().is_empty()).then_some(cut.into())
}

/// Answer a phone call
///
/// The webhook for "A call comes in". Returns TwiML that streams both sides of the call to `/twilio/stream` with a
/// one-time token, and then redirects to `CALLSTORE_TWILIO_NEXT_URL` or keeps the line open in silence. With
/// `CALLSTORE_TWILIO_AUTH_TOKEN` it accepts only requests that Twilio signed; without, it accepts API keys. `GET` works
/// as well, with the fields as query parameters. A `POST` may have query parameters of your own, which are signed and
/// otherwise ignored.
#[utoipa::path(
    operation_id = "twilioVoice",
    tag = "Twilio",
    security(("apiKey" = ["ingest"])),
    extensions(("x-signed-by" = json!("twilio"))),
    params(("X-Twilio-Signature" = Option<String>, Header, description = "Twilio's signature. Required if `CALLSTORE_TWILIO_AUTH_TOKEN` is set.")),
    request_body(content = VoiceForm, content_type = "application/x-www-form-urlencoded", description = "The phone call.",
        example = json!(VoiceForm::sample())),
    responses(
        (status = 200, description = "TwiML.", body = String, content_type = "text/xml",
            example = json!(VoiceForm::sample_answer())),
        (status = 400, description = "`bad_request`: the form is not UTF-8."),
        (status = 403, description = "`signature_invalid`: the signature is missing, or does not fit the auth token and the URL."),
    ),
)]
#[post("/twilio/voice")]
pub(crate) async fn twilio_voice(
    callstore: Data<Callstore>,
    twilio: Data<Twilio>,
    base: Data<BaseUrl>,
    request: HttpRequest,
    idempotency: IdempotencyKey,
    form: Form,
) -> Result<HttpResponse, Problem> {
    twilio.check_post(&request, &form)?;
    answer(&callstore, &twilio, &base, &request, idempotency, &form).await
}

/// The same webhook, for phone numbers that are set to `GET`: the fields are parameters of the query.
pub(crate) async fn twilio_voice_by_get(
    callstore: Data<Callstore>,
    twilio: Data<Twilio>,
    base: Data<BaseUrl>,
    request: HttpRequest,
    idempotency: IdempotencyKey,
) -> Result<HttpResponse, Problem> {
    twilio.check_get(&request)?;
    answer(&callstore, &twilio, &base, &request, idempotency, &Form::of(request.query_string().as_bytes())?).await
}

async fn answer(
    callstore: &Callstore,
    twilio: &Twilio,
    base: &BaseUrl,
    request: &HttpRequest,
    idempotency: IdempotencyKey,
    form: &Form,
) -> Result<HttpResponse, Problem> {
    let VoiceForm { call_sid, from, to } = form.read()?;
    check_name("CallSid", &call_sid)?;
    let url = base.of_websocket(request) + "/twilio/stream";
    let token = callstore.streams.issue_token(&call_sid, twilio.signature(request)).await?;
    // The answer follows from the form and these, so that the caller's number need not be kept.
    let (url, token) = callstore.outcomes.keep(idempotency.key(), None, Ok((url, token))).await?;
    let (from, to) = (party(from), party(to));
    let parameters = [("caller", from.as_ref()), ("callee", to.as_ref()), (TOKEN, Some(&token))];
    let parameters: Vec<_> =
        parameters.into_iter().filter_map(|(name, value)| Some((name, value?.expose().as_str()))).collect();
    let answer = stream_and_go_on(&url, &parameters, twilio.next_url.as_ref().map(AsRef::as_ref));
    let mut response = HttpResponse::Ok();
    response.content_type("text/xml; charset=utf-8");
    Ok(idempotency.answer(response.insert_header((CACHE_CONTROL, "no-store")).body(answer)))
}
