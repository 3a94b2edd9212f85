//! `listKeys`.

use actix_web::{HttpResponse, get, web::Data};
use serde::Serialize;
use service::Callstore;
use utoipa::ToSchema;

use super::model::ApiKey;
use crate::{
    extract::{PageQuery, Query},
    problem::Problem,
    wire::PageInfo,
};

/// A page of keys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApiKeyPage {
    /// The keys.
    items: Vec<ApiKey>,
    /// The position of the page in the list.
    page: PageInfo,
}

impl ApiKeyPage {
    fn sample() -> Self {
        Self { items: vec![ApiKey::sample()], page: PageInfo::sample() }
    }
}

/// List API keys
///
/// All keys, the oldest first, expired and revoked ones included. The keys themselves are never shown.
#[utoipa::path(
    operation_id = "listKeys",
    tag = "Keys",
    security(("apiKey" = ["admin"])),
    params(PageQuery),
    responses((status = 200, description = "The keys.", body = ApiKeyPage, example = json!(ApiKeyPage::sample()))),
)]
#[get("/admin/keys")]
pub(crate) async fn list_keys(
    callstore: Data<Callstore>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.page();
    let found = callstore.keys.list(page).await?;
    Ok(HttpResponse::Ok().json(ApiKeyPage {
        items: found.items.into_iter().map(Into::into).collect(),
        page: PageInfo::of(page, found.has_more),
    }))
}
