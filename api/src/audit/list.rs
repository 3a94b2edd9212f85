//! `listAudit`.

use actix_web::{HttpResponse, get, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, ListAudit, Page};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::model::AuditEntry;
use crate::{
    extract::{Limit, Offset, Query},
    problem::Problem,
    wire::{PageInfo, Time, moment_or_day},
};

/// Filters and page of the audit log.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListAuditQuery {
    /// The page size. Values over 500 count as 500.
    #[param(inline)]
    #[serde(default)]
    limit: Limit,
    /// How many items to skip.
    #[param(inline)]
    #[serde(default)]
    offset: Offset,
    /// Only requests with the key of this id.
    key_id: Option<Uuid>,
    /// Only this operation, by its operationId.
    operation: Option<String>,
    /// Only this path and paths below it, such as `/calls/MZ1`.
    resource: Option<String>,
    /// Only entries of this time or later.
    #[param(inline)]
    #[serde(default, deserialize_with = "moment_or_day")]
    created_after: Option<Time>,
    /// Only entries before this time.
    #[param(inline)]
    #[serde(default, deserialize_with = "moment_or_day")]
    created_before: Option<Time>,
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditPage {
    /// The entries.
    items: Vec<AuditEntry>,
    /// The position of the page in the list.
    page: PageInfo,
}

impl AuditPage {
    fn sample() -> Self {
        Self { items: vec![AuditEntry::sample()], page: PageInfo::sample() }
    }
}

/// List the audit log
///
/// Reads of what calls hold, changes, administration and refusals, the latest first. Chunks have one entry per call and
/// client; repeated refusals are counted.
#[utoipa::path(
    operation_id = "listAudit",
    tag = "Audit",
    security(("apiKey" = ["admin"])),
    params(ListAuditQuery),
    responses((status = 200, description = "The entries.", body = AuditPage, example = json!(AuditPage::sample()))),
)]
#[get("/admin/audit")]
pub(crate) async fn list_audit(
    callstore: Data<Callstore>,
    Query(query): Query<ListAuditQuery>,
) -> Result<HttpResponse, Problem> {
    let page = Page { limit: query.limit.0, offset: query.offset.clamped() };
    let list = ListAudit {
        page,
        key_id: query.key_id,
        operation: query.operation,
        resource: query.resource,
        created_after: query.created_after.map(|Time(time)| time),
        created_before: query.created_before.map(|Time(time)| time),
    };
    let found = callstore.audit.list(&list).await?;
    Ok(HttpResponse::Ok().json(AuditPage {
        items: found.items.into_iter().map(Into::into).collect(),
        page: PageInfo::of(page, found.has_more),
    }))
}
