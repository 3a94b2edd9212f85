//! `rotateWebhookSecret`.

use actix_web::{HttpResponse, post, web::Data};
use service::Callstore;

use super::model::WebhookWithSecret;
use crate::{
    extract::{IdempotencyKey, NoQuery, Query, WebhookPath},
    problem::Problem,
};

/// Rotate a webhook's secret
///
/// Makes a new secret and shows it, once. For 24 hours each delivery carries a signature of both secrets, so that the
/// receiver can be changed in between.
#[utoipa::path(
    operation_id = "rotateWebhookSecret",
    tag = "Webhooks",
    security(("apiKey" = ["admin"])),
    responses(
        (status = 200, description = "The new secret.", body = WebhookWithSecret,
            example = json!(WebhookWithSecret::sample())),
        (status = 404, description = "`webhook_not_found`: no webhook has this id."),
    ),
)]
#[post("/webhooks/{id}/secret")]
pub(crate) async fn rotate_webhook_secret(
    callstore: Data<Callstore>,
    webhook: WebhookPath,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
) -> Result<HttpResponse, Problem> {
    let made = callstore.webhooks.rotate(webhook.0, idempotency.key()).await?;
    Ok(idempotency.answer(HttpResponse::Ok().json(WebhookWithSecret::from(made))))
}
