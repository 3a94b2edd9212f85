//! `listKeys`.

use actix_web::{HttpResponse, get, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, Page};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::ApiKey;
use crate::{
    extract::{Limit, Offset, Query},
    problem::Problem,
    wire::PageInfo,
};

/// Which keys.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListKeysQuery {
    /// How many keys a page holds; more than 500 is cut to 500.
    #[param(inline)]
    #[serde(default)]
    limit: Limit,
    /// How many keys to pass over.
    #[param(inline)]
    #[serde(default)]
    offset: Offset,
}

/// A page of keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKeyPage {
    /// The keys.
    items: Vec<ApiKey>,
    /// Where in the list they are.
    page: PageInfo,
}

impl ApiKeyPage {
    fn sample() -> Self {
        Self { items: vec![ApiKey::sample()], page: PageInfo::sample() }
    }
}

/// List keys
///
/// All that were ever made, the oldest first, also those that are expired or revoked; never the keys themselves.
#[utoipa::path(
    operation_id = "listKeys",
    tag = "Keys",
    security(("apiKey" = ["admin"])),
    params(ListKeysQuery),
    responses((status = 200, description = "The keys.", body = ApiKeyPage, example = json!(ApiKeyPage::sample()))),
)]
#[get("/admin/keys")]
pub async fn list_keys(
    callstore: Data<Callstore>,
    Query(query): Query<ListKeysQuery>,
) -> Result<HttpResponse, Problem> {
    let page = Page { limit: query.limit.0, offset: query.offset.clamped() };
    let found = callstore.list_keys(page).await?;
    Ok(HttpResponse::Ok().json(ApiKeyPage {
        items: found.items.into_iter().map(Into::into).collect(),
        page: PageInfo::of(page, found.has_more),
    }))
}
