//! `retryDelivery`.

use actix_web::{HttpResponse, post, web::Data};
use service::Callstore;

use super::model::Delivery;
use crate::{
    extract::{DeliveryPath, IdempotencyKey, NoQuery, Query},
    problem::Problem,
};

/// Retry a delivery
///
/// Delivers the event again, whatever became of it before: at once, and by the whole plan of retries if that fails.
#[utoipa::path(
    operation_id = "retryDelivery",
    tag = "Webhooks",
    security(("apiKey" = ["admin"])),
    responses(
        (status = 202, description = "The delivery is queued.", body = Delivery, example = json!(Delivery::sample())),
        (status = 404, description = "`webhook_not_found`, `delivery_not_found`: there is no such webhook or delivery."),
        (status = 409, description = "`webhook_disabled`: the webhook is disabled."),
    ),
)]
#[post("/webhooks/{id}/deliveries/{delivery}/retry")]
pub(crate) async fn retry_delivery(
    callstore: Data<Callstore>,
    _: Query<NoQuery>,
    path: DeliveryPath,
    idempotency: IdempotencyKey,
) -> Result<HttpResponse, Problem> {
    let delivery = callstore.webhooks.retry(path.webhook, path.delivery, idempotency.key()).await?;
    Ok(idempotency.answer(HttpResponse::Accepted().json(Delivery::from(delivery))))
}
