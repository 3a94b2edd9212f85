//! Every list of calls is answered from an index, in its order.

use sea_orm::DatabaseBackend;
use uuid::Uuid;

use super::{
    super::{
        cursor::Position,
        filter::{CallFilter, CallSort, CustomValue, SortField},
        matching::Lead,
        model::{Direction, EndReason, Status},
    },
    Segment,
};
use crate::plans::{by_index, database, in_index_order, plan};
use crate::{Database, Timestamp};

/// No filter, and each filter for equality alone.
fn single_filters() -> Vec<CallFilter> {
    let (text, name) = (|| Some("x".to_owned()), || Some("x".into()));
    let none = CallFilter::default;
    vec![
        none(),
        CallFilter { status: vec![Status::Completed], ..none() },
        CallFilter { caller: name(), ..none() },
        CallFilter { agent: vec!["x".into()], ..none() },
        CallFilter { direction: Some(Direction::Inbound), ..none() },
        CallFilter { stream_sid: text(), ..none() },
        CallFilter { call_sid: text(), ..none() },
        CallFilter { end_reason: vec![EndReason::Api], ..none() },
        CallFilter { language: text(), ..none() },
        CallFilter { region: text(), ..none() },
        CallFilter { device_type: text(), ..none() },
        CallFilter { has_recording: Some(false), ..none() },
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
        CallFilter { min_talk_time_ms: Some(1), max_response_latency_ms: Some(1), ..filter.clone() },
        CallFilter { caller_prefix: Some("+1".into()), ..filter.clone() },
        CallFilter { custom_data: CustomValue::parse("a", "1").into_iter().collect(), ..filter.clone() },
    ]
}

const SORTS: [(SortField, bool); 4] = [
    (SortField::StartTime, true),
    (SortField::StartTime, false),
    (SortField::Duration, true),
    (SortField::Duration, false),
];

/// The plans of a list's first page and of a page by cursor, in each of its parts.
async fn plans(database: &Database, filter: &CallFilter, lead: Lead) -> Vec<Vec<String>> {
    let mut plans = Vec::new();
    for (field, descending) in SORTS {
        for segment in Segment::of(field) {
            let key = (*segment != Segment::WithoutDuration).then_some(5);
            for after in [None, Some(Position { key, id: Uuid::nil() })] {
                let sort = CallSort { field, descending };
                let select = segment.select(filter, sort, lead, after, DatabaseBackend::Sqlite);
                plans.push(plan(database, select).await);
            }
        }
    }
    plans
}

#[tokio::test]
async fn with_at_most_one_equality_filter_calls_are_read_in_the_order_of_an_index() {
    let (database, _folder) = database().await;
    for single in single_filters() {
        // What has few calls in an empty database leads there; in a full one it may be anything.
        let lead = Lead::choose(&single, database.readers()).await.unwrap();
        for filter in with_ranges(&single) {
            for plan in plans(&database, &filter, lead).await {
                assert!(in_index_order(&plan), "{filter:?}: {plan:#?}");
            }
        }
    }
}

#[tokio::test]
async fn whichever_of_several_filters_leads_calls_are_read_in_the_order_of_its_index() {
    let (database, _folder) = database().await;
    let name = || Some("x".into());
    let filter = CallFilter {
        status: vec![Status::Completed],
        caller: name(),
        agent: vec!["x".into()],
        direction: Some(Direction::Outbound),
        language: Some("x".to_owned()),
        has_recording: Some(true),
        caller_prefix: name(),
        ..CallFilter::default()
    };
    let columns = ["status", "caller", "agent", "direction", "language", "has_recording"];
    for lead in columns.into_iter().map(Lead::Equal).chain([Lead::Order]) {
        for plan in plans(&database, &filter, lead).await {
            assert!(in_index_order(&plan), "{lead:?}: {plan:#?}");
            let Lead::Equal(column) = lead else { continue };
            assert!(plan.iter().any(|step| step.contains(&format!("INDEX call_{column}_"))), "{lead:?}: {plan:#?}");
        }
    }
}

#[tokio::test]
async fn the_few_calls_in_a_range_are_found_by_its_index() {
    let (database, _folder) = database().await;
    let none = CallFilter::default;
    for (filter, index) in [
        (CallFilter { caller_prefix: Some("+1".into()), started_after: Some(Timestamp(1)), ..none() }, "call_caller_"),
        (CallFilter { min_talk_time_ms: Some(1), status: vec![Status::Failed], ..none() }, "call_talk_time_ms_idx"),
        (CallFilter { max_response_latency_ms: Some(1), ..none() }, "call_response_latency_ms_idx"),
    ] {
        let lead = Lead::choose(&filter, database.readers()).await.unwrap();
        assert!(lead.is_unsorted(), "{lead:?}");
        for plan in plans(&database, &filter, lead).await {
            assert!(plan.iter().any(|step| step.contains(index)), "{filter:?}: {plan:#?}");
            assert!(plan.iter().all(|step| by_index(step)), "{filter:?}: {plan:#?}");
        }
    }
}
