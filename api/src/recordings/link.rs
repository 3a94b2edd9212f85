//! `createRecordingLink`.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, post, web::Data};
use serde::{Deserialize, Serialize};
use service::{
    Callstore, Private,
    limits::{LINK_TTL_DEFAULT_SECONDS, LINK_TTL_MAX_SECONDS},
};
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    extract::{IdPath, IdempotencyKey, JsonBody, NoQuery, OptionalJson, Query},
    problem::Problem,
    public::BaseUrl,
    wire::{Time, number},
};

/// A new link.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateRecordingLink {
    /// Lifetime in seconds. Defaults to 300.
    #[serde(default, deserialize_with = "number::lifetime")]
    #[schema(minimum = 1, maximum = 86_400, default = 300)]
    #[validate(range(min = 1, max = LINK_TTL_MAX_SECONDS))]
    pub ttl_seconds: Option<u32>,
}

impl JsonBody for CreateRecordingLink {}

impl CreateRecordingLink {
    fn sample() -> Self {
        Self { ttl_seconds: Some(LINK_TTL_DEFAULT_SECONDS) }
    }
}

/// A URL that plays a recording without a key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecordingLink {
    /// The URL. Anyone who has it can listen.
    #[schema(value_type = String, format = "uri")]
    pub url: Private,
    /// When the link expires.
    pub expires_at: Time,
}

impl RecordingLink {
    fn sample() -> Self {
        let id = super::model::Recording::sample().id;
        let (base, signature) = ("https://calls.example.com", "q5p5kS0kqk3o6l0tXw8m4m0mQxJ0Q8m1m0m7b0m3m2E");
        let expires_at = Time::sample_after(300);
        Self {
            url: format!("{base}/recordings/{id}/audio?expires={}&signature={signature}", expires_at.0.0).into(),
            expires_at,
        }
    }
}

/// Create a link to a recording
///
/// Returns a URL of `downloadRecording` that needs no key until it expires. It works with `GET`, `HEAD` and `Range`.
/// The URL starts with `CALLSTORE_PUBLIC_URL`, else with the host of this request. A link cannot be revoked; it also
/// stops working when the call is deleted.
#[utoipa::path(
    operation_id = "createRecordingLink",
    tag = "Recordings",
    security(("apiKey" = ["read"])),
    request_body(content = Option<CreateRecordingLink>, description = "The lifetime. Optional.",
        example = json!(CreateRecordingLink::sample())),
    responses(
        (status = 201, description = "The link.", body = RecordingLink, example = json!(RecordingLink::sample())),
        (status = 404, description = "`recording_not_found`: no recording has this id."),
    ),
)]
#[post("/recordings/{id}/links")]
pub(crate) async fn create_recording_link(
    callstore: Data<Callstore>,
    base: Data<BaseUrl>,
    request: HttpRequest,
    id: IdPath,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
    OptionalJson(body): OptionalJson<CreateRecordingLink>,
) -> Result<HttpResponse, Problem> {
    let seconds = body.ttl_seconds.unwrap_or(LINK_TTL_DEFAULT_SECONDS);
    let link = callstore.recordings.create_link(id.0, Duration::from_secs(seconds.into())).await;
    let (base, id, call) = (base.of(&request), id.0, link.as_ref().ok().map(|link| link.call_id));
    let made = link.map(|link| {
        let (expires, signature) = (link.expires, link.signature);
        let url = format!("{base}/recordings/{id}/audio?expires={expires}&signature={}", signature.expose());
        (Private::new(url), link.expires_at)
    });
    let (url, expires_at) = callstore.outcomes.keep(idempotency.key(), call, made).await?;
    Ok(idempotency.answer(HttpResponse::Created().json(RecordingLink { url, expires_at: Time(expires_at) })))
}
