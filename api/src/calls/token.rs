//! `createCallToken`.

use std::time::Duration;

use actix_web::{HttpResponse, post, web::Data};
use serde::{Deserialize, Serialize};
use service::{
    Callstore, Private,
    limits::{CALL_TOKEN_TTL_DEFAULT_SECONDS, CALL_TOKEN_TTL_MAX_SECONDS},
};
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    extract::{By, CallPath, IdempotencyKey, JsonBody, NoQuery, OptionalJson, Query},
    problem::Problem,
    wire::{Time, number},
};

/// A new call token.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateCallToken {
    /// Lifetime in seconds. Defaults to 3,600.
    #[serde(default, deserialize_with = "number::lifetime")]
    #[schema(minimum = 1, maximum = 86_400, default = 3_600)]
    #[validate(range(min = 1, max = CALL_TOKEN_TTL_MAX_SECONDS))]
    pub ttl_seconds: Option<u32>,
}

impl JsonBody for CreateCallToken {}

impl CreateCallToken {
    fn sample() -> Self {
        Self { ttl_seconds: Some(CALL_TOKEN_TTL_DEFAULT_SECONDS) }
    }
}

/// A token that adds to one call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallToken {
    /// The token, sent like an API key. Whoever sends it may add to the call.
    #[schema(value_type = String)]
    pub token: Private,
    /// When the token expires.
    pub expires_at: Time,
}

impl CallToken {
    fn sample() -> Self {
        Self { token: format!("cst_{}", "AAABm3n5".repeat(12)).into(), expires_at: Time::sample_after(3_600) }
    }
}

/// Create a call token
///
/// Returns a bearer token for workers and browsers, which adds chunks, transcripts, analytics and metadata to this
/// call, over HTTP and on its WebSocket, and ends it. It reads nothing else. It ends with its lifetime, the call's
/// deletion, and the key that made it.
#[utoipa::path(
    operation_id = "createCallToken",
    tag = "Calls",
    security(("apiKey" = ["ingest"])),
    request_body(content = Option<CreateCallToken>, description = "The lifetime. Optional.",
        example = json!(CreateCallToken::sample())),
    responses(
        (status = 201, description = "The token.", body = CallToken, example = json!(CallToken::sample())),
        (status = 409, description = "`not_repeatable`: the token of the first response has expired, or its key has."),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
    ),
)]
#[post("/calls/{call}/tokens")]
pub(crate) async fn create_call_token(
    callstore: Data<Callstore>,
    call: CallPath,
    _: Query<NoQuery>,
    By(author): By,
    idempotency: IdempotencyKey,
    OptionalJson(body): OptionalJson<CreateCallToken>,
) -> Result<HttpResponse, Problem> {
    let ttl = Duration::from_secs(body.ttl_seconds.unwrap_or(CALL_TOKEN_TTL_DEFAULT_SECONDS).into());
    let made = callstore.keys.create_token(&author, &call.0, ttl).await;
    let call = made.as_ref().ok().map(|made| made.call_id);
    let made = made.map(|made| (made.token, made.expires_at));
    let (token, expires_at) = callstore.outcomes.keep(idempotency.key(), call, made).await?;
    if idempotency.is_replayed() {
        callstore.keys.check_token(token.expose())?;
    }
    metrics::counter!("callstore_call_tokens_total").increment(1);
    Ok(idempotency.answer(HttpResponse::Created().json(CallToken { token, expires_at: Time(expires_at) })))
}
