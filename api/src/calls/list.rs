//! `listCalls`.

use actix_web::{HttpResponse, get, http::header, web::Data};
use serde::{Deserialize, Serialize};
use service::{CallFilter, CallSort, Callstore, ListCalls, ListPart, Private, SearchQuery, SortField};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::{
    filter::{CallFilterQuery, Filtered},
    include::{Include, ListPartNames},
    model::Call,
};
use crate::{
    extract::{CallOffset, Limit},
    problem::Problem,
    wire::{PageInfo, query_length},
};

/// Order and page of a list of calls. The filters are in `filter`.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[validate(schema(function = "one_way_to_a_page"))]
pub(crate) struct ListCallsQuery {
    /// The page size. Values over 500 count as 500.
    #[param(inline)]
    #[serde(default)]
    limit: Limit,
    /// How many calls to skip, at most 100,000; beyond that, use `cursor`. Not together with `cursor`.
    #[param(value_type = Option<u64>, minimum = 0, maximum = 100_000)]
    offset: Option<CallOffset>,
    /// The `page.nextCursor` of the previous page. Send the same filters and `sort` with it.
    #[param(pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
    /// The order; a minus sorts in descending order. Calls without a duration come last.
    #[param(inline)]
    #[serde(default)]
    sort: Sort,
    /// Only calls in which `searchTranscripts` finds this: words, `"phrases"`, `-not`, `prefix*`.
    #[param(value_type = Option<String>, min_length = 1, max_length = 500)]
    #[validate(custom(function = "query_length"))]
    q: Option<Private>,
    /// Whether to count all matching calls in `page.total`.
    #[serde(default)]
    total: bool,
    /// The parts to return with each call: `include=recordings,metadata`, or `include` repeated for each part.
    #[param(inline, value_type = Option<ListPartNames>, style = Form, explode = false)]
    #[serde(default)]
    include: Include<ListPart>,
}

/// An order of calls.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
enum Sort {
    #[default]
    #[serde(rename = "-startTime")]
    StartTimeDescending,
    #[serde(rename = "startTime")]
    StartTime,
    #[serde(rename = "-duration")]
    DurationDescending,
    #[serde(rename = "duration")]
    Duration,
}

fn one_way_to_a_page(query: &ListCallsQuery) -> Result<(), ValidationError> {
    let refuse = |message: &'static str| Err(ValidationError::new("offset").with_message(message.into()));
    match query.offset {
        Some(_) if query.cursor.is_some() => refuse("offset and cursor exclude each other. Send one of them."),
        _ => Ok(()),
    }
}

/// A page of calls.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CallPage {
    /// The calls.
    items: Vec<Call>,
    /// The position of the page in the list.
    page: PageInfo,
}

impl CallPage {
    fn sample() -> Self {
        let next_cursor = Some("AQEAAAGbfYpiDgGQXzwrenwRnU5aa3yNng9Zt8NcB0Gk8T1bX3k".to_owned());
        let page = PageInfo { next_cursor, has_more: true, total: Some(1_234), ..PageInfo::sample() };
        Self { items: vec![Call::sample()], page }
    }
}

/// List calls
///
/// Calls that match all filters, the most recent first by default. Page with `page.nextCursor`, which is equally fast
/// at any depth, or follow the `Link` header.
#[utoipa::path(
    operation_id = "listCalls",
    tag = "Calls",
    security(("apiKey" = ["read"])),
    params(ListCallsQuery, CallFilterQuery),
    responses(
        (status = 200, description = "A page of calls.", body = CallPage,
            headers(("Link" = String, description = "The URL of the next page, as `rel=next`, if there is one.")),
            example = json!(CallPage::sample())),
        (status = 400, description = "`invalid_cursor`: the cursor belongs to other filters or another order."),
    ),
)]
#[get("/calls")]
pub(crate) async fn list_calls(
    callstore: Data<Callstore>,
    request: actix_web::HttpRequest,
    Filtered { query, filter }: Filtered<ListCallsQuery>,
) -> Result<HttpResponse, Problem> {
    let by_cursor = query.cursor.is_some();
    let list = query.of(filter);
    let (limit, offset) = (list.limit, list.offset);
    let found = callstore.calls.list(&list).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &found.next_cursor {
        response.insert_header((
            header::LINK,
            format!("<{}>; rel=\"next\"", next_page("/calls", request.query_string(), cursor)),
        ));
    }
    let page = PageInfo {
        limit,
        offset: (!by_cursor).then_some(offset),
        has_more: found.next_cursor.is_some(),
        next_cursor: found.next_cursor,
        total: found.total,
    };
    let items = found.items.into_iter().map(|(call, parts)| Call::with_parts(call, parts));
    let items = items.collect::<Result<_, _>>()?;
    Ok(response.json(CallPage { items, page }))
}

/// The same question about the page after this one.
pub(crate) fn next_page(path: &str, query: &str, cursor: &str) -> String {
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor" && name != "offset");
    let mut next = form_urlencoded::Serializer::new(String::new());
    next.extend_pairs(kept).append_pair("cursor", cursor);
    format!("{path}?{}", next.finish())
}

impl ListCallsQuery {
    /// The page of the calls that match a filter.
    pub(crate) fn of(self, filter: CallFilter) -> ListCalls {
        let (field, descending) = match self.sort {
            Sort::StartTimeDescending => (SortField::StartTime, true),
            Sort::StartTime => (SortField::StartTime, false),
            Sort::DurationDescending => (SortField::Duration, true),
            Sort::Duration => (SortField::Duration, false),
        };
        ListCalls {
            filter: CallFilter { q: self.q.map(|q| SearchQuery::parse(q.expose())), ..filter },
            sort: CallSort { field, descending },
            limit: self.limit.0,
            offset: self.offset.unwrap_or_default().0,
            cursor: self.cursor,
            total: self.total,
            include: self.include.0,
        }
    }
}
