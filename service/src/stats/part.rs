//! The part of the call store for statistics.
//!
//! The answer is computed by the thread that asks, from rows that are streamed. Its cost is that of the slots in the
//! range: a million calls in a year are about 3,000 rows.

use super::{
    interval::{Interval, TimeZone},
    source::read,
    tally::{Figures, GroupBy, StatsItem, Tally},
};
use crate::{CallFilter, Error, Timestamp, core::Core};

/// Which calls to count, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatsQuery {
    /// Calls that began then or later. By default some intervals before `to`: 24 hours, 30 days, 12 weeks or 12 months.
    pub from: Option<Timestamp>,
    /// Calls that began before then; now by default.
    pub to: Option<Timestamp>,
    /// Length of an item's time.
    pub interval: Interval,
    /// The time zone whose hours, days, weeks and months are meant.
    pub time_zone: TimeZone,
    /// What to group the calls of an interval by.
    pub group_by: Option<GroupBy>,
    /// Only calls that match.
    pub filter: CallFilter,
}

/// Statistics over calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallStats {
    /// The intervals, the earliest first. Without groups, each interval has one item, also if no call began in it; with
    /// groups, one for each group that has calls.
    pub items: Vec<StatsItem>,
    /// The figures of all calls together.
    pub totals: Figures,
}

/// Operations on statistics.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Author, CallFilter, Interval, NewCall, StatsQuery, TimeZone};
///
/// callstore.calls.start(NewCall::default(), Author::default(), None).await?;
/// let query = StatsQuery {
///     from: None,
///     to: None,
///     interval: Interval::Day,
///     time_zone: TimeZone::parse("Europe/Berlin").unwrap(),
///     group_by: None,
///     filter: CallFilter::default(),
/// };
/// let stats = callstore.stats.calls(&query).await?;
/// assert!(stats.totals.calls <= 1 && stats.items.len() >= 30);
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Stats {
    core: Core,
}

impl Stats {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// Counts calls by interval and group, all as of one moment.
    ///
    /// # Errors
    /// `Invalid` for a range that ends before it begins, or an answer of more than 10,000 items; a failing database.
    pub async fn calls(&self, query: &StatsQuery) -> Result<CallStats, Error> {
        let to = query.to.unwrap_or(Timestamp(self.core.now().0 + 1));
        let from = query.from.unwrap_or_else(|| before(query.time_zone, query.interval, to));
        if from >= to {
            return Err(Error::invalid("/from", "Must be before `to`."));
        }
        let filter = &query.filter;
        let mut tally = Tally::new(filter, query.group_by, (query.time_zone, query.interval), (from, to))?;
        let first = filter.started_after.map_or(from, |time| time.max(from));
        let last = filter.started_before.map_or(to, |time| time.min(to));
        let snapshot = self.core.database.snapshot().await?;
        read(filter, (first, last), &snapshot, &mut |slot| tally.add(&slot)).await?;
        let (items, totals) = tally.finish()?;
        Ok(CallStats { items, totals })
    }
}

/// Where a range begins that ends at a time, if nothing else is asked for: at the start of an interval.
///
/// The range begins at an interval of the zone, so the first item is a whole one, and the last is the current one,
/// which is not over yet.
fn before(zone: TimeZone, interval: Interval, to: Timestamp) -> Timestamp {
    const DAY_MS: i64 = 86_400_000;
    let span = match interval {
        Interval::Hour => DAY_MS,
        Interval::Day => 30 * DAY_MS,
        Interval::Week => 12 * 7 * DAY_MS,
        Interval::Month => 365 * DAY_MS,
    };
    let earliest = Timestamp(to.0.saturating_sub(span).max(0));
    Timestamp(zone.start(interval, earliest).0.max(0))
}
