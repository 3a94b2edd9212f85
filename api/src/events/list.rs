//! `listCallEvents`.

use actix_web::{HttpResponse, get, web::Data};
use serde::Serialize;
use service::Callstore;
use utoipa::ToSchema;

use super::model::CallEvent;
use crate::{
    extract::{CallPath, PageQuery, Query},
    problem::Problem,
    wire::PageInfo,
};

/// A page of a call's events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallEventPage {
    /// The events.
    items: Vec<CallEvent>,
    /// The position of the page in the list.
    page: PageInfo,
}

impl CallEventPage {
    fn sample() -> Self {
        Self { items: vec![CallEvent::sample()], page: PageInfo::sample() }
    }
}

/// List a call's events
///
/// Non-audio events of the call's media stream, in order of arrival: DTMF digits and marks.
#[utoipa::path(
    operation_id = "listCallEvents",
    tag = "Events",
    security(("apiKey" = ["read"])),
    params(PageQuery),
    responses(
        (status = 200, description = "The events.", body = CallEventPage, example = json!(CallEventPage::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
    ),
)]
#[get("/calls/{call}/events")]
pub(crate) async fn list_call_events(
    callstore: Data<Callstore>,
    call: CallPath,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.page();
    let found = callstore.events.list(&call.0, page).await?;
    Ok(HttpResponse::Ok().json(CallEventPage {
        items: found.items.into_iter().map(Into::into).collect(),
        page: PageInfo::of(page, found.has_more),
    }))
}
