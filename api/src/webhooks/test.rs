//! `testWebhook`.

use actix_web::{HttpResponse, post, web::Data};
use serde::Serialize;
use service::Callstore;
use utoipa::ToSchema;

use crate::{
    extract::{IdempotencyKey, NoQuery, Query, WebhookPath},
    problem::Problem,
};

/// What a test delivery led to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebhookTest {
    /// The answer's status; null without an answer.
    #[schema(required)]
    status: Option<u16>,
    /// How long it took, in milliseconds.
    duration_ms: i64,
    /// Why it failed; null if it did not.
    #[schema(required)]
    error: Option<String>,
}

impl WebhookTest {
    fn sample() -> Self {
        Self { status: Some(204), duration_ms: 38, error: None }
    }
}

/// Test a webhook
///
/// Sends one event of type `webhook.test`, also to a disabled webhook, and returns what came back. It is neither
/// retried nor listed.
#[utoipa::path(
    operation_id = "testWebhook",
    tag = "Webhooks",
    security(("apiKey" = ["admin"])),
    responses(
        (status = 200, description = "The outcome.", body = WebhookTest, example = json!(WebhookTest::sample())),
        (status = 404, description = "`webhook_not_found`: no webhook has this id."),
    ),
)]
#[post("/webhooks/{id}/test")]
pub(crate) async fn test_webhook(
    callstore: Data<Callstore>,
    webhook: WebhookPath,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
) -> Result<HttpResponse, Problem> {
    let service::WebhookTest { status, duration_ms, error } =
        callstore.webhooks.test(webhook.0, idempotency.key()).await?;
    Ok(idempotency.answer(HttpResponse::Ok().json(WebhookTest { status, duration_ms, error })))
}
