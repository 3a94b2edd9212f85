//! Reads calls as statistics count them: packed ones from slots, others from their rows.
//!
//! Which way is taken is decided per slot and filter, and whoever counts cannot tell:
//!
//! | calls | filter | read from |
//! | --- | --- | --- |
//! | of an unmarked slot | only what slots know | one packed row |
//! | of a marked slot | only what slots know | the calls' rows, by start time |
//! | any | anything else, such as the caller or custom data | the calls' rows, by the index that suits the filter |
//!
//! Rows are streamed and handed on in batches of 4,096, so memory does not grow with the number of calls. Slots hold no
//! caller, no custom data and no text: what statistics do not need is not stored a second time.

use std::pin::pin;

use entity::{call, computed_analytics, stats_mark, stats_slot};
use futures_util::TryStreamExt;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, JoinType, QueryFilter,
    QueryOrder, QuerySelect, Select, StreamTrait, sea_query::Expr,
};

use super::slot::{ComputedFigures, Counted, SLOT_MS, Slot, slot_of};
use crate::{
    CallFilter, Error, Private, Timestamp,
    calls::{Direction, EndReason, Status, Visible, select_by_start},
};

/// Calls that are handed on together.
const BATCH: usize = 4_096;

/// What is selected of a call.
///
/// Computed analytics are joined from the left, so a call without them is counted with its duration alone.
#[derive(FromQueryResult)]
struct Row {
    start_time: Timestamp,
    duration_ms: Option<i64>,
    status: Status,
    agent: Option<Private>,
    direction: Option<Direction>,
    end_reason: Option<EndReason>,
    language: Option<Private>,
    talk_time_ms: Option<i64>,
    silence_time_ms: Option<i64>,
    interruptions: Option<i32>,
    response_latency_ms: Option<i64>,
}

impl Row {
    fn add_to(self, slot: &mut Slot) {
        let whole = |milliseconds: i64| u32::try_from(milliseconds).unwrap_or(u32::MAX - 1);
        let computed = self.talk_time_ms.zip(self.silence_time_ms).map(|(talk, silence)| ComputedFigures {
            talk_time_ms: whole(talk),
            silence_time_ms: whole(silence),
            interruptions: self.interruptions.map_or(0, i32::unsigned_abs),
            response_latency_ms: self.response_latency_ms.map(whole),
        });
        let call = Counted {
            start: self.start_time.0,
            duration_ms: self.duration_ms.map(i64::unsigned_abs),
            status: self.status,
            direction: self.direction,
            end_reason: self.end_reason,
            agent: slot.agents.place(self.agent),
            language: slot.languages.place(self.language),
            computed,
        };
        slot.calls.push(call);
    }
}

/// Selects what statistics need of calls.
fn counted(calls: Select<call::Entity>) -> Select<call::Entity> {
    use call::Column as Call;
    use computed_analytics::Column as Computed;
    let computed = call::Entity::belongs_to(computed_analytics::Entity).from(Call::Id).to(Computed::CallId).into();
    calls
        .select_only()
        .columns([Call::StartTime, Call::DurationMs, Call::Status, Call::Agent, Call::Direction, Call::EndReason])
        .column_as(Expr::cust("\"call\".\"language\""), "language")
        .columns([Computed::TalkTimeMs, Computed::SilenceTimeMs, Computed::Interruptions, Computed::ResponseLatencyMs])
        .join(JoinType::LeftJoin, computed)
}

/// Reads calls from their rows, and hands them on in their order.
///
/// `each` may refuse, for example because there are too many items; the rest is then not read.
async fn read_rows(
    calls: Select<call::Entity>,
    connection: &(impl ConnectionTrait + StreamTrait),
    each: &mut (impl FnMut(Slot) -> Result<(), Error> + Send),
) -> Result<(), Error> {
    let mut rows = pin!(counted(calls).into_model::<Row>().stream(connection).await?);
    let mut slot = Slot::default();
    while let Some(row) = rows.try_next().await? {
        row.add_to(&mut slot);
        if slot.calls.len() == BATCH {
            each(std::mem::take(&mut slot))?;
        }
    }
    each(slot)
}

/// All calls of one slot, from their rows.
///
/// They are held in memory together, since they become one row: at most 33 bytes a call when packed.
pub(super) async fn calls_of_slot(
    start: i64,
    connection: &(impl ConnectionTrait + StreamTrait),
) -> Result<Slot, DbErr> {
    let mut rows = pin!(counted(between(start, start + SLOT_MS)).into_model::<Row>().stream(connection).await?);
    let mut slot = Slot::default();
    while let Some(row) = rows.try_next().await? {
        row.add_to(&mut slot);
    }
    Ok(slot)
}

fn between(from: i64, to: i64) -> Select<call::Entity> {
    use call::Column;
    call::Entity::find()
        .visible()
        .filter(Column::StartTime.gte(Timestamp(from)))
        .filter(Column::StartTime.lt(Timestamp(to)))
        .order_by_asc(Column::StartTime)
}

/// Whether slots have all that a filter asks for.
///
/// Written without `..`, so that a new filter does not compile until someone decides where it is answered from.
fn is_in_slots(filter: &CallFilter) -> bool {
    let CallFilter {
        status: _,
        caller,
        caller_prefix,
        agent: _,
        direction: _,
        end_reason: _,
        stream_sid,
        call_sid,
        started_after: _,
        started_before: _,
        min_duration_ms: _,
        max_duration_ms: _,
        language: _,
        region,
        device_type,
        has_recording,
        custom_data,
        min_talk_time_ms: _,
        max_response_latency_ms: _,
        q: _,
    } = filter;
    let names = [stream_sid, call_sid, region, device_type].into_iter().any(Option::is_some);
    let callers = [caller, caller_prefix].into_iter().any(Option::is_some);
    !names && !callers && has_recording.is_none() && custom_data.is_empty()
}

/// Hands on all calls that match a filter and may match others, the earliest first: whoever counts them applies the
/// filter. `from` and `to` bound their start.
///
/// `from` is inclusive and `to` exclusive. Slots at the ends are handed on whole, with calls outside of the range; the
/// one who counts leaves them out. In the middle, marked slots next to each other are read with one query.
///
/// # Errors
/// A failing database, a damaged slot, and the errors of `each`.
pub(super) async fn read(
    filter: &CallFilter,
    (from, to): (Timestamp, Timestamp),
    snapshot: &DatabaseTransaction,
    each: &mut (impl FnMut(Slot) -> Result<(), Error> + Send),
) -> Result<(), Error> {
    if !is_in_slots(filter) {
        let bounded = CallFilter { started_after: Some(from), started_before: Some(to), ..filter.clone() };
        return read_rows(select_by_start(&bounded, snapshot).await?, snapshot, each).await;
    }
    let marked: Vec<i64> = stats_mark::Entity::find()
        .select_only()
        .column(stats_mark::Column::Slot)
        .distinct()
        .filter(stats_mark::Column::Slot.gte(slot_of(from)))
        .filter(stats_mark::Column::Slot.lt(to.0))
        .order_by_asc(stats_mark::Column::Slot)
        .into_tuple()
        .all(snapshot)
        .await?;
    let mut at = slot_of(from);
    let mut marked = marked.into_iter().peekable();
    while let Some(start) = marked.next() {
        read_slots(at, start, snapshot, each).await?;
        at = start + SLOT_MS;
        // Slots in a row are read together.
        while marked.next_if_eq(&at).is_some() {
            at += SLOT_MS;
        }
        read_rows(between(start.max(from.0), at.min(to.0)), snapshot, each).await?;
    }
    read_slots(at, to.0, snapshot, each).await
}

/// Hands on slots that begin at `from` or later, and before `to`.
async fn read_slots(
    from: i64,
    to: i64,
    snapshot: &DatabaseTransaction,
    each: &mut (impl FnMut(Slot) -> Result<(), Error> + Send),
) -> Result<(), Error> {
    use stats_slot::{Column, Entity};
    if from >= to {
        return Ok(());
    }
    let slots =
        Entity::find().filter(Column::StartTime.gte(Timestamp(from))).filter(Column::StartTime.lt(Timestamp(to)));
    let mut slots = pin!(slots.order_by_asc(Column::StartTime).stream(snapshot).await?);
    while let Some(slot) = slots.try_next().await? {
        each(Slot::unpack(slot.start_time.0, &slot.data)?)?;
    }
    Ok(())
}
