//! `listAnalytics`.

use actix_web::{HttpResponse, get, web::Data};
use serde::Serialize;
use service::Callstore;
use utoipa::ToSchema;

use super::model::Analytics;
use crate::{
    extract::{CallPath, PageQuery, Query},
    problem::Problem,
    wire::PageInfo,
};

/// A page of analytics snapshots.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AnalyticsPage {
    /// The snapshots.
    items: Vec<Analytics>,
    /// The position of the page in the list.
    page: PageInfo,
}

impl AnalyticsPage {
    fn sample() -> Self {
        Self { items: vec![Analytics::sample()], page: PageInfo::sample() }
    }
}

/// List a call's analytics
///
/// Snapshots sorted by `snapshotTime`, the latest first.
#[utoipa::path(
    operation_id = "listAnalytics",
    tag = "Analytics",
    security(("apiKey" = ["read"])),
    params(PageQuery),
    responses(
        (status = 200, description = "The snapshots.", body = AnalyticsPage, example = json!(AnalyticsPage::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
    ),
)]
#[get("/calls/{call}/analytics")]
pub(crate) async fn list_analytics(
    callstore: Data<Callstore>,
    call: CallPath,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.page();
    let found = callstore.analytics.list(&call.0, page).await?;
    Ok(HttpResponse::Ok().json(AnalyticsPage {
        items: found.items.into_iter().map(Into::into).collect(),
        page: PageInfo::of(page, found.has_more),
    }))
}
