//! Every list of calls is answered from an index, in its order.

use uuid::Uuid;

use super::{
    super::{
        cursor::Position,
        model::{Direction, Status},
    },
    CallFilter, CallSort, ListCalls, Segment, SortField,
};
use crate::Timestamp;
use crate::plans::{by_index, database, in_index_order, plan};

/// No filter, and each equality filter alone.
fn single_filters() -> Vec<CallFilter> {
    let (text, name) = (|| Some("x".to_owned()), || Some("x".into()));
    vec![
        CallFilter::default(),
        CallFilter { status: Some(Status::Completed), ..CallFilter::default() },
        CallFilter { caller: name(), ..CallFilter::default() },
        CallFilter { agent: name(), ..CallFilter::default() },
        CallFilter { direction: Some(Direction::Inbound), ..CallFilter::default() },
        CallFilter { stream_sid: text(), ..CallFilter::default() },
        CallFilter { call_sid: text(), ..CallFilter::default() },
    ]
}

/// A filter with each choice of ranges.
fn with_ranges(filter: &CallFilter) -> Vec<CallFilter> {
    let (from, to) = (Some(Timestamp(1)), Some(Timestamp(2)));
    vec![
        filter.clone(),
        CallFilter { started_after: from, ..filter.clone() },
        CallFilter { started_after: from, started_before: to, ..filter.clone() },
        CallFilter { min_duration_ms: Some(1), ..filter.clone() },
        CallFilter { min_duration_ms: Some(1), max_duration_ms: Some(2), started_after: from, ..filter.clone() },
    ]
}

fn lists(filter: &CallFilter) -> Vec<ListCalls> {
    let sorts = [SortField::StartTime, SortField::Duration].into_iter();
    let sorts = sorts.flat_map(|field| [false, true].map(|descending| CallSort { field, descending }));
    let list = |sort| ListCalls { filter: filter.clone(), sort, limit: 50, offset: 0, cursor: None, total: false };
    sorts.map(list).collect()
}

/// The plans of a list's first page and of a page by cursor, in each of its parts.
async fn plans(list: &ListCalls) -> Vec<Vec<String>> {
    let (database, _folder) = database().await;
    let mut plans = Vec::new();
    for segment in Segment::of(list.sort.field) {
        let key = (*segment != Segment::WithoutDuration).then_some(5);
        for after in [None, Some(Position { key, id: Uuid::nil() })] {
            plans.push(plan(&database, segment.select(list, after)).await);
        }
    }
    plans
}

#[tokio::test]
async fn with_at_most_one_equality_filter_calls_are_read_in_the_order_of_an_index() {
    for filter in single_filters().iter().flat_map(with_ranges) {
        for list in lists(&filter) {
            for plan in plans(&list).await {
                assert!(in_index_order(&plan), "{list:?}: {plan:#?}");
            }
        }
    }
}

#[tokio::test]
async fn with_several_filters_calls_are_still_found_by_an_index() {
    let name = || Some("x".into());
    let filter = CallFilter {
        status: Some(Status::Completed),
        caller: name(),
        agent: name(),
        direction: Some(Direction::Outbound),
        ..CallFilter::default()
    };
    for list in lists(&filter) {
        for plan in plans(&list).await {
            assert!(plan.iter().all(|step| by_index(step)), "{list:?}: {plan:#?}");
        }
    }
}
