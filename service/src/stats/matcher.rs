//! Whether a call of a slot matches a filter.
//!
//! It exists beside the condition in SQL, because packed calls are in no table. Both must agree:
//! tests recount statistics from the calls, while slots are marked and after they were built.

use super::slot::{Counted, Names, Slot};
use crate::{CallFilter, Timestamp, calls::Status};

/// A filter in terms of one slot: names are places in its lists.
///
/// Made anew for each slot, since places differ between slots. A name that the slot does not have matches none of its
/// calls, which is not the same as no condition.
pub(super) struct Matcher<'a> {
    filter: &'a CallFilter,
    range: (i64, i64),
    /// Places that match; all if none.
    agents: Option<Vec<u32>>,
    language: Option<Option<u32>>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(filter: &'a CallFilter, range: (Timestamp, Timestamp), slot: &Slot) -> Self {
        let place = |names: &Names, name: &str| {
            let found = names.all.iter().position(|known| known.expose() == name)?;
            u32::try_from(found + 1).ok()
        };
        let agents = filter.agent.iter().filter_map(|agent| place(&slot.agents, agent.expose())).collect();
        Self {
            filter,
            range: (range.0.0, range.1.0),
            agents: (!filter.agent.is_empty()).then_some(agents),
            language: filter.language.as_ref().map(|language| place(&slot.languages, language)),
        }
    }

    /// Whether a call matches what slots know. The rest of the filter was applied where the calls were read.
    pub(super) fn matches(&self, call: &Counted) -> bool {
        let filter = self.filter;
        let one_of = |values: &[Status]| values.is_empty() || values.contains(&call.status);
        let duration = |fits: &dyn Fn(u64) -> bool| call.duration_ms.is_some_and(fits);
        let least = |least: i64| u64::try_from(least).unwrap_or(0);
        let computed = call.computed;
        (self.range.0..self.range.1).contains(&call.start)
            && filter.started_after.is_none_or(|time| call.start >= time.0)
            && filter.started_before.is_none_or(|time| call.start < time.0)
            && one_of(&filter.status)
            && self.agents.as_ref().is_none_or(|agents| agents.contains(&call.agent))
            && filter.direction.is_none_or(|direction| call.direction == Some(direction))
            && (filter.end_reason.is_empty()
                || call.end_reason.is_some_and(|reason| filter.end_reason.contains(&reason)))
            && self.language.is_none_or(|language| language == Some(call.language))
            && filter.min_duration_ms.is_none_or(|min| duration(&|duration| duration >= least(min)))
            && filter.max_duration_ms.is_none_or(|max| duration(&|duration| duration <= least(max)))
            && filter
                .min_talk_time_ms
                .is_none_or(|min| computed.is_some_and(|figures| u64::from(figures.talk_time_ms) >= least(min)))
            && filter.max_response_latency_ms.is_none_or(|max| {
                computed
                    .and_then(|figures| figures.response_latency_ms)
                    .is_some_and(|latency| u64::from(latency) <= least(max))
            })
    }
}
