//! `listWebhooks`.

use actix_web::{HttpResponse, get, web::Data};
use serde::Serialize;
use service::Callstore;
use utoipa::ToSchema;

use super::model::Webhook;
use crate::{
    extract::{PageQuery, Query},
    problem::Problem,
    wire::PageInfo,
};

/// A page of webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookPage {
    /// The webhooks.
    items: Vec<Webhook>,
    /// The position of the page in the list.
    page: PageInfo,
}

impl WebhookPage {
    fn sample() -> Self {
        Self { items: vec![Webhook::sample()], page: PageInfo::sample() }
    }
}

/// List webhooks
///
/// All webhooks, the oldest first, without their secrets.
#[utoipa::path(
    operation_id = "listWebhooks",
    tag = "Webhooks",
    security(("apiKey" = ["admin"])),
    params(PageQuery),
    responses((status = 200, description = "The webhooks.", body = WebhookPage, example = json!(WebhookPage::sample()))),
)]
#[get("/webhooks")]
pub(crate) async fn list_webhooks(
    callstore: Data<Callstore>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.page();
    let found = callstore.webhooks.list(page).await?;
    let items = found.items.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(WebhookPage { items, page: PageInfo::of(page, found.has_more) }))
}
