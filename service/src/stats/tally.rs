//! Counts calls into items, one for each interval and group.
//!
//! Calls come in the order of their start, so only one interval is open at a time: when a call of a later one comes,
//! the open one is finished and its memory freed. Totals are counted beside, since percentiles of items cannot be
//! combined.

use std::collections::{BTreeMap, HashMap};

use super::{
    interval::{Interval, TimeZone},
    matcher::Matcher,
    slot::{Counted, Names, Slot},
    values::Values,
};
use crate::{
    CallFilter, Error, Private, Timestamp,
    calls::{Direction, EndReason, Status},
    limits::STATS_ITEMS_MAX,
};

/// What the calls of an interval are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// Who answered.
    Agent,
    /// The call's status.
    Status,
    /// Direction of the phone call.
    Direction,
    /// What ended the call.
    EndReason,
    /// The metadata's language.
    Language,
}

/// The figures of an interval, or of a group of it.
///
/// Items are sorted by start, then by group, with the calls that have no value first. Without groups every interval of
/// the range has an item, so that a chart needs no filling; with groups only those that have calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatsItem {
    /// When the interval begins.
    pub start: Timestamp,
    /// The value that the calls of the group have; `None` for those without one, and if calls are not grouped.
    pub group: Option<Private>,
    /// The figures.
    pub figures: Figures,
}

/// Figures of calls. Times are in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How many calls began.
    pub calls: u64,
    /// How many of them are completed.
    pub completed: u64,
    /// How many of them have failed.
    pub failed: u64,
    /// Durations of the calls that have ended.
    pub duration: DurationFigures,
    /// How long the parties speak, over all calls with computed analytics; `None` without such a call.
    pub talk_time_ms: Option<u64>,
    /// How long nobody speaks, likewise.
    pub silence_time_ms: Option<u64>,
    /// How often one party interrupts the other, likewise.
    pub interruptions: Option<u64>,
    /// The agent's median times to answer, over all calls with one.
    pub response_latency: LatencyFigures,
}

/// Durations of calls, in milliseconds. All but the total are `None` if no call has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DurationFigures {
    /// The sum.
    pub total_ms: u64,
    /// The mean, rounded half up.
    pub average_ms: Option<u64>,
    /// The median.
    pub p50_ms: Option<u64>,
    /// The 95th percentile.
    pub p95_ms: Option<u64>,
}

/// Times to answer, in milliseconds; `None` without a call that has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatencyFigures {
    /// The median.
    pub p50_ms: Option<u64>,
    /// The 95th percentile.
    pub p95_ms: Option<u64>,
}

/// Figures that are still being counted.
#[derive(Default)]
struct Count {
    figures: Figures,
    ended: u64,
    durations: Values,
    latencies: Values,
}

impl Count {
    fn add(&mut self, call: &Counted) {
        let figures = &mut self.figures;
        figures.calls += 1;
        match call.status {
            Status::Completed => figures.completed += 1,
            Status::Failed => figures.failed += 1,
            Status::Active | Status::Finalizing => {}
        }
        if let Some(duration) = call.duration_ms {
            self.ended += 1;
            figures.duration.total_ms = figures.duration.total_ms.saturating_add(duration);
            self.durations.add(duration);
        }
        if let Some(computed) = call.computed {
            let sum = |figure: &mut Option<u64>, more: u32| *figure = Some(figure.unwrap_or(0) + u64::from(more));
            sum(&mut figures.talk_time_ms, computed.talk_time_ms);
            sum(&mut figures.silence_time_ms, computed.silence_time_ms);
            sum(&mut figures.interruptions, computed.interruptions);
            if let Some(latency) = computed.response_latency_ms {
                self.latencies.add(latency.into());
            }
        }
    }

    fn finish(mut self) -> Figures {
        let duration = &mut self.figures.duration;
        let half = self.ended / 2;
        duration.average_ms = (duration.total_ms + half).checked_div(self.ended);
        duration.p50_ms = self.durations.percentile(50);
        duration.p95_ms = self.durations.percentile(95);
        let latency = &mut self.figures.response_latency;
        latency.p50_ms = self.latencies.percentile(50);
        latency.p95_ms = self.latencies.percentile(95);
        self.figures
    }
}

/// Counts calls in the order of their start.
pub(super) struct Tally<'a> {
    filter: &'a CallFilter,
    group_by: Option<GroupBy>,
    zone: TimeZone,
    interval: Interval,
    /// The calls that count began in this range.
    range: (Timestamp, Timestamp),
    /// The interval that is being counted, and the next.
    start: Timestamp,
    next: Timestamp,
    /// The groups of this interval.
    groups: BTreeMap<Option<String>, usize>,
    counts: Vec<Count>,
    totals: Count,
    items: Vec<StatsItem>,
}

impl<'a> Tally<'a> {
    /// Begins to count.
    ///
    /// # Errors
    /// `Invalid` if the range has more intervals than items are allowed.
    pub(super) fn new(
        filter: &'a CallFilter,
        group_by: Option<GroupBy>,
        (zone, interval): (TimeZone, Interval),
        range: (Timestamp, Timestamp),
    ) -> Result<Self, Error> {
        let start = zone.start(interval, range.0);
        if group_by.is_none() {
            let (mut at, mut intervals) = (start, 0);
            while at < range.1 {
                at = zone.next(interval, at);
                intervals += 1;
                if intervals > STATS_ITEMS_MAX {
                    return Err(too_many());
                }
            }
        }
        let next = zone.next(interval, start);
        let (groups, counts, totals, items) = (BTreeMap::new(), Vec::new(), Count::default(), Vec::new());
        Ok(Self { filter, group_by, zone, interval, range, start, next, groups, counts, totals, items })
    }

    /// Counts the calls of a slot that match the filter.
    ///
    /// # Errors
    /// `Invalid` if there are more items than allowed.
    pub(super) fn add(&mut self, slot: &Slot) -> Result<(), Error> {
        let matcher = Matcher::new(self.filter, self.range, slot);
        // Places of the slot's groups in `counts`, for this interval.
        let mut places: HashMap<u32, usize> = HashMap::new();
        for call in &slot.calls {
            if !matcher.matches(call) {
                continue;
            }
            if call.start >= self.next.0 {
                places.clear();
                while call.start >= self.next.0 {
                    self.close()?;
                }
            }
            let key = match self.group_by {
                None => 0,
                Some(GroupBy::Agent) => call.agent,
                Some(GroupBy::Language) => call.language,
                Some(GroupBy::Status) => key_of(&[Status::Active, Status::Finalizing, Status::Completed], call.status),
                Some(GroupBy::Direction) => call.direction.map_or(0, |direction| match direction {
                    Direction::Inbound => 1,
                    Direction::Outbound => 2,
                }),
                Some(GroupBy::EndReason) => call.end_reason.map_or(0, |reason| match reason {
                    EndReason::Api => 1,
                    EndReason::StreamStop => 2,
                    EndReason::StreamDisconnect => 3,
                    EndReason::IdleTimeout => 4,
                    EndReason::MaxDuration => 5,
                }),
            };
            let place = match places.get(&key) {
                Some(place) => *place,
                None => {
                    let place = self.place(name_of(self.group_by, call, slot));
                    places.insert(key, place);
                    place
                }
            };
            self.counts[place].add(call);
            self.totals.add(call);
        }
        Ok(())
    }

    /// Where a group of this interval is counted.
    fn place(&mut self, group: Option<String>) -> usize {
        let counts = &mut self.counts;
        *self.groups.entry(group).or_insert_with(|| {
            counts.push(Count::default());
            counts.len() - 1
        })
    }

    /// Ends the current interval and begins the next.
    fn close(&mut self) -> Result<(), Error> {
        if self.group_by.is_none() && self.counts.is_empty() {
            // A chart of calls has a point where there were none.
            self.place(None);
        }
        let mut counts: Vec<_> = std::mem::take(&mut self.counts).into_iter().map(Some).collect();
        for (group, place) in std::mem::take(&mut self.groups) {
            let Some(count) = counts[place].take() else { continue };
            if self.items.len() == STATS_ITEMS_MAX {
                return Err(too_many());
            }
            let group = group.map(Private::from);
            self.items.push(StatsItem { start: self.start, group, figures: count.finish() });
        }
        (self.start, self.next) = (self.next, self.zone.next(self.interval, self.next));
        Ok(())
    }

    /// The items, by interval and group, and the figures of all calls together.
    ///
    /// # Errors
    /// `Invalid` if there are more items than allowed.
    pub(super) fn finish(mut self) -> Result<(Vec<StatsItem>, Figures), Error> {
        while self.start < self.range.1 {
            self.close()?;
        }
        Ok((self.items, self.totals.finish()))
    }
}

fn key_of(all: &[Status], status: Status) -> u32 {
    all.iter().position(|known| *known == status).and_then(|place| u32::try_from(place).ok()).unwrap_or(u32::MAX)
}

fn too_many() -> Error {
    let detail = format!(
        "The answer would have more than {STATS_ITEMS_MAX} items. Ask for a longer interval or a shorter range, filter, \
         or group by something with fewer values."
    );
    Error::invalid("/interval", detail)
}

/// The value of a call by which it is grouped, as the API names it.
fn name_of(group_by: Option<GroupBy>, call: &Counted, slot: &Slot) -> Option<String> {
    use sea_orm::ActiveEnum;
    let name = |names: &Names, place: u32| {
        let place = usize::try_from(place).ok()?.checked_sub(1)?;
        names.all.get(place).map(|name| name.expose().clone())
    };
    match group_by? {
        GroupBy::Agent => name(&slot.agents, call.agent),
        GroupBy::Language => name(&slot.languages, call.language),
        GroupBy::Status => Some(call.status.to_value()),
        GroupBy::Direction => call.direction.map(|direction| direction.to_value()),
        GroupBy::EndReason => call.end_reason.map(|reason| reason.to_value()),
    }
}
