//! `listCalls`.

use actix_web::{HttpResponse, get, http::header, web::Data};
use serde::{Deserialize, Serialize};
use service::{CallFilter, CallSort, Callstore, ListCalls, Private, SortField};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{Call, Direction, Status};
use crate::{
    extract::{CallOffset, Limit, Query},
    problem::Problem,
    wire::{PageInfo, Time, moment_or_day, real},
};

/// Filters, order and page of a list of calls.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[validate(schema(function = "one_way_to_a_page"))]
pub struct ListCallsQuery {
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
    /// Only calls with this status.
    status: Option<Status>,
    /// Only calls of this caller. A leading plus need not be escaped.
    #[param(value_type = Option<String>)]
    caller: Option<Private>,
    /// Only calls of this agent.
    #[param(value_type = Option<String>)]
    agent: Option<Private>,
    /// Only calls in this direction.
    direction: Option<Direction>,
    /// Only the call with this `streamSid`.
    stream_sid: Option<String>,
    /// Only the call with this `callSid`.
    call_sid: Option<String>,
    /// Only calls that began at this time or later. A date alone is the start of that day in UTC.
    #[param(inline)]
    #[serde(default, deserialize_with = "moment_or_day")]
    started_after: Option<Time>,
    /// Only calls that began before this time. A date alone is the start of that day in UTC.
    #[param(inline)]
    #[serde(default, deserialize_with = "moment_or_day")]
    started_before: Option<Time>,
    /// Only calls of at least this many seconds.
    #[param(minimum = 0)]
    #[serde(default, deserialize_with = "real::duration_parameter")]
    #[validate(range(min = 0.0, max = 1e12, message = "Must be 0 to 1,000,000,000,000 seconds."))]
    min_duration: Option<f64>,
    /// Only calls of at most this many seconds.
    #[param(minimum = 0)]
    #[serde(default, deserialize_with = "real::duration_parameter")]
    #[validate(range(min = 0.0, max = 1e12, message = "Must be 0 to 1,000,000,000,000 seconds."))]
    max_duration: Option<f64>,
    /// The order; a minus sorts in descending order. Calls without a duration come last.
    #[param(inline)]
    #[serde(default)]
    sort: Sort,
    /// Whether to count all matching calls in `page.total`.
    #[serde(default)]
    total: bool,
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
    params(ListCallsQuery),
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
    Query(query): Query<ListCallsQuery>,
) -> Result<HttpResponse, Problem> {
    let by_cursor = query.cursor.is_some();
    let list: ListCalls = query.into();
    let (limit, offset) = (list.limit, list.offset);
    let found = callstore.calls.list(&list).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &found.next_cursor {
        response
            .insert_header((header::LINK, format!("<{}>; rel=\"next\"", next_page(request.query_string(), cursor))));
    }
    let page = PageInfo {
        limit,
        offset: (!by_cursor).then_some(offset),
        has_more: found.next_cursor.is_some(),
        next_cursor: found.next_cursor,
        total: found.total,
    };
    let items = found.items.into_iter().map(Call::new).collect::<Result<_, _>>()?;
    Ok(response.json(CallPage { items, page }))
}

/// The same question about the page after this.
pub(crate) fn next_page(query: &str, cursor: &str) -> String {
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor" && name != "offset");
    let mut next = form_urlencoded::Serializer::new(String::new());
    next.extend_pairs(kept).append_pair("cursor", cursor);
    format!("/calls?{}", next.finish())
}

impl From<ListCallsQuery> for ListCalls {
    fn from(query: ListCallsQuery) -> Self {
        let (field, descending) = match query.sort {
            Sort::StartTimeDescending => (SortField::StartTime, true),
            Sort::StartTime => (SortField::StartTime, false),
            Sort::DurationDescending => (SortField::Duration, true),
            Sort::Duration => (SortField::Duration, false),
        };
        // Stored durations are whole milliseconds: the least is rounded up and the most down.
        #[expect(clippy::as_conversions, reason = "the number has no fraction, and is cut to what a column holds")]
        let milliseconds = |seconds: f64, round: fn(f64) -> f64| round(seconds * 1e3) as i64;
        Self {
            filter: CallFilter {
                status: query.status.map(Into::into),
                caller: query.caller.map(|caller| match caller.expose().strip_prefix(' ') {
                    Some(number) => format!("+{number}").into(),
                    None => caller,
                }),
                agent: query.agent,
                direction: query.direction.map(Into::into),
                stream_sid: query.stream_sid,
                call_sid: query.call_sid,
                started_after: query.started_after.map(|Time(time)| time),
                started_before: query.started_before.map(|Time(time)| time),
                min_duration_ms: query.min_duration.map(|least| milliseconds(least, f64::ceil)),
                max_duration_ms: query.max_duration.map(|most| milliseconds(most, f64::floor)),
            },
            sort: CallSort { field, descending },
            limit: query.limit.0,
            offset: query.offset.unwrap_or_default().0,
            cursor: query.cursor,
            total: query.total,
        }
    }
}
