//! `listAudit`.

use actix_web::{HttpResponse, get, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, ListAudit, Page};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::AuditEntry;
use crate::{
    extract::{Limit, Offset, Query},
    problem::Problem,
    wire::{PageInfo, Time, moment_or_day},
};

/// Which entries.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListAuditQuery {
    /// How many items a page holds; more than 500 is cut to 500.
    #[param(inline)]
    #[serde(default)]
    limit: Limit,
    /// How many items to pass over.
    #[param(inline)]
    #[serde(default)]
    offset: Offset,
    /// Of this key.
    key_id: Option<Uuid>,
    /// Of this operation: an operationId.
    operation: Option<String>,
    /// Of this path, and all below it, as `/calls/MZ1`.
    resource: Option<String>,
    /// Entered then or later.
    #[param(inline)]
    #[serde(default, deserialize_with = "moment_or_day")]
    created_after: Option<Time>,
    /// Entered earlier.
    #[param(inline)]
    #[serde(default, deserialize_with = "moment_or_day")]
    created_before: Option<Time>,
}

/// A page of the audit.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    /// The entries.
    items: Vec<AuditEntry>,
    /// Where in the list they are.
    page: PageInfo,
}

impl AuditPage {
    fn sample() -> Self {
        Self { items: vec![AuditEntry::sample()], page: PageInfo::sample() }
    }
}

/// List the audit
///
/// Who has read recordings and transcripts, changed something, or administered the service, the newest first. Chunks are entered
/// once for each call and client, not one by one.
#[utoipa::path(
    operation_id = "listAudit",
    tag = "Audit",
    security(("apiKey" = ["admin"])),
    params(ListAuditQuery),
    responses((status = 200, description = "The entries.", body = AuditPage, example = json!(AuditPage::sample()))),
)]
#[get("/admin/audit")]
pub async fn list_audit(
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
    let found = callstore.list_audit(&list).await?;
    Ok(HttpResponse::Ok().json(AuditPage {
        items: found.items.into_iter().map(Into::into).collect(),
        page: PageInfo::of(page, found.has_more),
    }))
}
