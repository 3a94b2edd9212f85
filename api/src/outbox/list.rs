//! `listEvents`.

use actix_web::{HttpResponse, get, web::Data};
use serde::{Deserialize, Serialize};
use service::Callstore;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::{
    model::Event,
    types::{Types, filter, seen},
};
use crate::{
    extract::{Limit, Query},
    problem::Problem,
    wire::PageInfo,
};

/// Filters and page of the events.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListEventsQuery {
    /// The page size. Values over 500 count as 500.
    #[param(inline)]
    #[serde(default)]
    limit: Limit,
    /// Only events after the one with this id.
    after: Option<Uuid>,
    /// Only events of these types, such as `call.ended` or `call.*`.
    #[param(inline, style = Form, explode = false)]
    #[serde(default)]
    types: Types,
    /// Only events of this call, by id or `streamSid`.
    call: Option<String>,
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventPage {
    /// The events, in the order in which they happened.
    items: Vec<Event>,
    /// The position of the page. Its `nextCursor` is the next page's `after`.
    page: PageInfo,
}

impl EventPage {
    fn sample() -> Self {
        Self { items: vec![Event::sample()], page: PageInfo { offset: None, ..PageInfo::sample() } }
    }
}

/// List events
///
/// What happened in the store within the last 72 hours, the oldest first. To go on, send the last id as `after`. Of a
/// deleted call only `call.deleted` is left.
#[utoipa::path(
    operation_id = "listEvents",
    tag = "Events",
    security(("apiKey" = ["read"])),
    params(ListEventsQuery),
    responses(
        (status = 200, description = "The events.", body = EventPage, example = json!(EventPage::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
        (status = 410, description = "`event_expired`: events after this id may be gone."),
    ),
)]
#[get("/events")]
pub(crate) async fn list_events(
    callstore: Data<Callstore>,
    Query(query): Query<ListEventsQuery>,
) -> Result<HttpResponse, Problem> {
    let filter = filter(&callstore, query.types, query.call.as_deref()).await?;
    let limit = query.limit.0;
    let mut items: Vec<Event> = {
        let found = callstore.outbox.list(seen(query.after)?, &filter, limit + 1).await?;
        found.iter().map(Into::into).collect()
    };
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = items.len() > wanted;
    items.truncate(wanted);
    let next_cursor = items.last().filter(|_| has_more).map(|last| last.id.to_string());
    Ok(HttpResponse::Ok()
        .json(EventPage { items, page: PageInfo { limit, offset: None, next_cursor, has_more, total: None } }))
}
