//! `listAnalytics`.

use actix_web::{HttpResponse, get, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, Page};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::Analytics;
use crate::{
    extract::{CallPath, Limit, Offset, Query},
    problem::Problem,
    wire::PageInfo,
};

/// Which snapshots.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListAnalyticsQuery {
    /// How many snapshots a page holds; more than 500 is cut to 500.
    #[param(inline)]
    #[serde(default)]
    limit: Limit,
    /// How many snapshots to pass over.
    #[param(inline)]
    #[serde(default)]
    offset: Offset,
}

/// A page of a call's snapshots.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnalyticsPage {
    /// The snapshots.
    items: Vec<Analytics>,
    /// Where in the list they are.
    page: PageInfo,
}

impl AnalyticsPage {
    fn sample() -> Self {
        Self { items: vec![Analytics::sample()], page: PageInfo::sample() }
    }
}

/// List a call's analytics
///
/// All snapshots, the newest `snapshotTime` first.
#[utoipa::path(
    operation_id = "listAnalytics",
    tag = "Analytics",
    security(("apiKey" = ["read"])),
    params(ListAnalyticsQuery),
    responses(
        (status = 200, description = "The snapshots.", body = AnalyticsPage, example = json!(AnalyticsPage::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
    ),
)]
#[get("/calls/{call}/analytics")]
pub async fn list_analytics(
    callstore: Data<Callstore>,
    call: CallPath,
    Query(query): Query<ListAnalyticsQuery>,
) -> Result<HttpResponse, Problem> {
    let page = Page { limit: query.limit.0, offset: query.offset.clamped() };
    let found = callstore.list_analytics(&call.0, page).await?;
    Ok(HttpResponse::Ok().json(AnalyticsPage {
        items: found.items.into_iter().map(Into::into).collect(),
        page: PageInfo::of(page, found.has_more),
    }))
}
