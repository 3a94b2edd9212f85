//! `getCallStats`.

use actix_web::{HttpResponse, get, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, StatsQuery, TimeZone, Timestamp};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::CallStats;
use crate::{
    calls::filter::{CallFilterQuery, Filtered},
    problem::Problem,
    wire::{Time, same_variants},
};

/// The range of statistics, and what to divide it by.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CallStatsQuery {
    /// Only calls that began then or later. A date alone is a day in `timeZone`. Defaults to 24 hours, 30 days, 12
    /// weeks or a year before `to`.
    #[param(value_type = Option<Time>)]
    from: Option<String>,
    /// Only calls that began before then. Defaults to now.
    #[param(value_type = Option<Time>)]
    to: Option<String>,
    /// The length of an item. Weeks begin on Monday.
    #[param(inline)]
    #[serde(default)]
    interval: Interval,
    /// An IANA time zone, such as `Europe/Berlin`. Defaults to UTC.
    time_zone: Option<String>,
    /// Divide the calls of each interval by this.
    #[param(inline)]
    group_by: Option<GroupBy>,
}

// A span of the calendar.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Interval {
    Hour,
    #[default]
    Day,
    Week,
    Month,
}

// What calls are grouped by.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum GroupBy {
    Agent,
    Status,
    Direction,
    EndReason,
    Language,
}

same_variants!(Interval, service::Interval, [Hour, Day, Week, Month]);
same_variants!(GroupBy, service::GroupBy, [Agent, Status, Direction, EndReason, Language]);

/// Count calls over time
///
/// Calls that match all filters, by the interval in which they began. Percentiles are exact. At most 10,000 items.
#[utoipa::path(
    operation_id = "getCallStats",
    tag = "Calls",
    security(("apiKey" = ["read"])),
    params(CallStatsQuery, CallFilterQuery),
    responses((status = 200, description = "The statistics.", body = CallStats, example = json!(CallStats::sample()))),
)]
#[get("/stats/calls")]
pub(crate) async fn get_call_stats(
    callstore: Data<Callstore>,
    Filtered { query, filter }: Filtered<CallStatsQuery>,
) -> Result<HttpResponse, Problem> {
    let zone = match &query.time_zone {
        None => TimeZone::UTC,
        Some(name) => TimeZone::parse(name).ok_or_else(|| {
            let detail = "Expected the name of a time zone in the IANA database, like Europe/Berlin or UTC.";
            Problem::invalid_field("/timeZone", detail)
        })?,
    };
    let stats = callstore
        .stats
        .calls(&StatsQuery {
            from: query.from.map(|text| moment(&text, "/from", zone)).transpose()?,
            to: query.to.map(|text| moment(&text, "/to", zone)).transpose()?,
            interval: query.interval.into(),
            time_zone: zone,
            group_by: query.group_by.map(Into::into),
            filter,
        })
        .await?;
    Ok(HttpResponse::Ok().json(CallStats::from(stats)))
}

/// Reads a time, or a day of the zone.
fn moment(text: &str, pointer: &str, zone: TimeZone) -> Result<Timestamp, Problem> {
    let day = zone.start_of_day(text).filter(|day| day.0 >= 0).map(Ok);
    // An unescaped plus of the offset arrives as a space.
    let read = day.unwrap_or_else(|| Time::parse(&text.replace(' ', "+")).map(|Time(time)| time));
    read.map_err(|expected| {
        Problem::invalid_field(pointer, format!("Expected {expected}, or a date like 2026-01-02 (in `timeZone`)."))
    })
}
