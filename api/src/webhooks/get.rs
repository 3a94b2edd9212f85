//! `getWebhook`.

use actix_web::{HttpResponse, get, web::Data};
use service::Callstore;

use super::model::Webhook;
use crate::{
    extract::{NoQuery, Query, WebhookPath},
    problem::Problem,
};

/// Get a webhook
///
/// The webhook, without its secret.
#[utoipa::path(
    operation_id = "getWebhook",
    tag = "Webhooks",
    security(("apiKey" = ["admin"])),
    responses(
        (status = 200, description = "The webhook.", body = Webhook, example = json!(Webhook::sample())),
        (status = 404, description = "`webhook_not_found`: no webhook has this id."),
    ),
)]
#[get("/webhooks/{id}")]
pub(crate) async fn get_webhook(
    callstore: Data<Callstore>,
    webhook: WebhookPath,
    _: Query<NoQuery>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Webhook::from(callstore.webhooks.get(webhook.0).await?)))
}
