//! `deleteWebhook`.

use actix_web::{HttpResponse, delete, web::Data};
use service::Callstore;

use crate::{
    extract::{NoQuery, Query, WebhookPath},
    problem::Problem,
};

/// Delete a webhook
///
/// Nothing is sent to it any more, and its deliveries are deleted. An attempt that is under way may still arrive.
#[utoipa::path(
    operation_id = "deleteWebhook",
    tag = "Webhooks",
    security(("apiKey" = ["admin"])),
    responses(
        (status = 204, description = "The webhook is deleted."),
        (status = 404, description = "`webhook_not_found`: no webhook has this id."),
    ),
)]
#[delete("/webhooks/{id}")]
pub(crate) async fn delete_webhook(
    callstore: Data<Callstore>,
    webhook: WebhookPath,
    _: Query<NoQuery>,
) -> Result<HttpResponse, Problem> {
    callstore.webhooks.delete(webhook.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
