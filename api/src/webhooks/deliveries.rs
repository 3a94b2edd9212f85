//! `listDeliveries`.

use actix_web::{HttpResponse, get, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, Error};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::{Delivery, DeliveryStatus};
use crate::{
    extract::{Limit, Query, WebhookPath},
    problem::Problem,
    wire::PageInfo,
};

/// Filter and page of deliveries.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListDeliveriesQuery {
    /// The page size. Values over 500 count as 500.
    #[param(inline)]
    #[serde(default)]
    limit: Limit,
    /// `page.nextCursor` of the page before.
    cursor: Option<String>,
    /// Only deliveries with this status.
    #[param(inline)]
    status: Option<DeliveryStatus>,
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryPage {
    /// The deliveries, the latest first.
    items: Vec<Delivery>,
    /// The position of the page.
    page: PageInfo,
}

impl DeliveryPage {
    fn sample() -> Self {
        Self { items: vec![Delivery::sample()], page: PageInfo { offset: None, ..PageInfo::sample() } }
    }
}

/// List deliveries
///
/// Deliveries to a webhook with their attempts, the latest first. They are kept for 7 days. Of a deleted call only the
/// delivery of `call.deleted` is left.
#[utoipa::path(
    operation_id = "listDeliveries",
    tag = "Webhooks",
    security(("apiKey" = ["admin"])),
    params(ListDeliveriesQuery),
    responses(
        (status = 200, description = "The deliveries.", body = DeliveryPage, example = json!(DeliveryPage::sample())),
        (status = 400, description = "`invalid_cursor`: the cursor belongs to another list."),
        (status = 404, description = "`webhook_not_found`: no webhook has this id."),
    ),
)]
#[get("/webhooks/{id}/deliveries")]
pub(crate) async fn list_deliveries(
    callstore: Data<Callstore>,
    webhook: WebhookPath,
    Query(query): Query<ListDeliveriesQuery>,
) -> Result<HttpResponse, Problem> {
    let before = query.cursor.map(|cursor| cursor.parse().map_err(|_| Error::CursorInvalid)).transpose()?;
    let limit = query.limit.0;
    let found = callstore.webhooks.deliveries(webhook.0, query.status.map(Into::into), before, limit).await?;
    let items: Vec<Delivery> = found.items.into_iter().map(Into::into).collect();
    let next_cursor = items.last().filter(|_| found.has_more).map(|last| last.id.to_string());
    let page = PageInfo { limit, offset: None, next_cursor, has_more: found.has_more, total: None };
    Ok(HttpResponse::Ok().json(DeliveryPage { items, page }))
}
