//! `replayWebhook`.

use actix_web::{HttpResponse, post, web::Data};
use serde::{Deserialize, Serialize};
use service::Callstore;
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    extract::{IdempotencyKey, Json, JsonBody, NoQuery, Query, WebhookPath},
    problem::Problem,
    wire::Time,
};

/// Which events to send again.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReplayWebhook {
    /// Events since this time. Events are kept for 72 hours.
    since: Time,
    /// Only these types. By default those of the webhook.
    #[schema(min_items = 1, max_items = 32)]
    types: Option<Vec<String>>,
}

impl JsonBody for ReplayWebhook {}

impl ReplayWebhook {
    fn sample() -> Self {
        Self { since: Time::SAMPLE, types: Some(vec!["recording.ready".to_owned()]) }
    }
}

/// How many events are sent again.
#[derive(Serialize, ToSchema)]
pub(super) struct Replayed {
    /// The number of events that are queued.
    queued: u64,
}

/// Replay events to a webhook
///
/// Delivers events again, also those that were delivered, and those that happened while the webhook was disabled or did
/// not exist. Each keeps its `webhook-id`, so a receiver drops those that it has seen.
#[utoipa::path(
    operation_id = "replayWebhook",
    tag = "Webhooks",
    security(("apiKey" = ["admin"])),
    request_body(content = ReplayWebhook, description = "Which events.", example = json!(ReplayWebhook::sample())),
    responses(
        (status = 202, description = "The events are queued.", body = Replayed, example = json!(Replayed { queued: 42 })),
        (status = 404, description = "`webhook_not_found`: no webhook has this id."),
        (status = 409, description = "`webhook_disabled`: the webhook is disabled."),
    ),
)]
#[post("/webhooks/{id}/replay")]
pub(crate) async fn replay_webhook(
    callstore: Data<Callstore>,
    webhook: WebhookPath,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
    Json(body): Json<ReplayWebhook>,
) -> Result<HttpResponse, Problem> {
    let Time(since) = body.since;
    let queued = callstore.webhooks.replay(webhook.0, since, body.types, idempotency.key()).await?;
    Ok(idempotency.answer(HttpResponse::Accepted().json(Replayed { queued })))
}
