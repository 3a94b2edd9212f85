//! Pages of calls by cursor or offset, filtered and sorted. Every page is read in the order of an index.
//!
//! Every list is read from an index in its order, so that a page costs the same however many calls there are; tests
//! read the query plans. A list by duration has two indexes' worth of calls, those with a duration and those without;
//! each is a [`Segment`], and a page may need both.
//!
//! With a cursor, a page begins after the last call of the page before, so calls that start meanwhile shift nothing.
//! With an offset they do.

use audio::number::wide;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
    sea_query::{Expr, ExprTrait, SimpleExpr, Value},
};
use std::mem::discriminant;

use entity::call::{Column, Entity};

use super::{
    Call, CallRow, Visible,
    cursor::{self, Position},
    filter::{CallFilter, CallSort, SortField},
    part::Calls,
};
use crate::{Error, crash, page::Slice};

/// Selects a page of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListCalls {
    /// The calls to list.
    pub filter: CallFilter,
    /// Their order.
    pub sort: CallSort,
    /// Most calls to return.
    pub limit: u64,
    /// Number of calls to skip; 0 with a cursor.
    pub offset: u64,
    /// The position after the previous page.
    pub cursor: Option<String>,
    /// Whether to count all calls that match the filter.
    pub total: bool,
}

/// A page of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallList {
    /// The calls.
    pub items: Vec<Call>,
    /// The cursor of the next page, if there is one.
    pub next_cursor: Option<String>,
    /// Number of calls that match the filter, if requested.
    pub total: Option<u64>,
}

impl Calls {
    /// Lists a page of calls.
    ///
    /// # Errors
    /// `CursorInvalid`, or a failing database.
    pub async fn list(&self, list: &ListCalls) -> Result<CallList, Error> {
        let after = match &list.cursor {
            Some(text) => Some(cursor::decode(text, &list.filter, list.sort)?),
            None => None,
        };
        if !list.total && list.sort.field == SortField::StartTime {
            // A single statement reads the page, so no snapshot is needed.
            return Ok(read_list(self.core.database.readers(), list, after).await?);
        }
        let snapshot = self.core.database.snapshot().await?;
        Ok(read_list(&snapshot, list, after).await?)
    }
}

/// Reads a page of calls. A page by duration takes several statements, and a total one more. They are consistent only
/// if `connection` is a snapshot.
async fn read_list(
    connection: &impl ConnectionTrait,
    list: &ListCalls,
    after: Option<Position>,
) -> Result<CallList, DbErr> {
    let rows = page_of_calls(connection, list, after).await?;
    let Slice { items, has_more } = Slice::<Call>::cut(rows, list.limit);
    let next_cursor = items.last().filter(|_| has_more).map(|last| {
        let key = match list.sort.field {
            SortField::StartTime => Some(last.start_time.0),
            SortField::Duration => last.duration_ms,
        };
        cursor::encode(Position { key, id: last.id }, &list.filter, list.sort)
    });
    let total = if list.total {
        Some(Entity::find().visible().filter(matching(&list.filter, None)).count(connection).await?)
    } else {
        None
    };
    Ok(CallList { items, next_cursor, total })
}

/// The page's rows, and one more if there is one.
///
/// Takes from one segment after the other until the page is full. An offset beyond a segment has to know the segment's
/// length, and only then is it counted.
async fn page_of_calls(
    connection: &impl ConnectionTrait,
    list: &ListCalls,
    after: Option<Position>,
) -> Result<Vec<CallRow>, DbErr> {
    let wanted = list.limit + 1;
    let mut rows = Vec::new();
    let mut offset = list.offset;
    for segment in Segment::of(list.sort.field) {
        let after = match after {
            Some(position) if segment.holds(position) => Some(position),
            // The cursor is in a later segment.
            Some(position) if position.key.is_none() => continue,
            _ => None,
        };
        let missing = wanted - wide(rows.len());
        let found = segment.select(list, after).offset(offset).limit(missing).all(connection).await?;
        crash::hold("calls.read").await;
        let nothing = found.is_empty();
        rows.extend(found);
        if wide(rows.len()) == wanted {
            break;
        }
        if nothing && offset > 0 {
            let passed = Entity::find().visible().filter(segment.condition(list)).count(connection).await?;
            offset = offset.saturating_sub(passed);
        } else {
            offset = 0;
        }
    }
    Ok(rows)
}

/// A part of a sorted list that one index returns in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Segment {
    /// All calls, by start time.
    ByStart,
    /// Calls that have ended, by duration.
    ByDuration,
    /// Calls that have not ended, by id.
    WithoutDuration,
}

impl Segment {
    fn of(field: SortField) -> &'static [Self] {
        match field {
            SortField::StartTime => &[Self::ByStart],
            SortField::Duration => &[Self::ByDuration, Self::WithoutDuration],
        }
    }

    fn holds(self, position: Position) -> bool {
        position.key.is_none() == (self == Self::WithoutDuration)
    }

    fn key(self) -> Column {
        match self {
            Self::ByStart => Column::StartTime,
            Self::ByDuration | Self::WithoutDuration => Column::DurationMs,
        }
    }

    /// A call has a duration once it has ended.
    fn condition(self, list: &ListCalls) -> Condition {
        let condition = matching(&list.filter, Some(self.key()));
        match self {
            Self::ByStart => condition,
            Self::ByDuration => condition.add(Column::DurationMs.is_not_null()),
            Self::WithoutDuration => condition.add(Column::DurationMs.is_null()),
        }
    }

    /// The position is compared as a tuple, `(key, id) > (?, ?)`, which both databases answer from the index.
    fn select(self, list: &ListCalls, after: Option<Position>) -> Select<Entity> {
        let mut condition = self.condition(list);
        if let Some(Position { key, id }) = after {
            let (mut columns, mut values) = (Vec::new(), Vec::new());
            if let Some(key) = key {
                columns.push(Expr::col(self.key()));
                values.push(Expr::val(key));
            }
            columns.push(Expr::col(Column::Id));
            values.push(Expr::val(id));
            let (place, end) = (Expr::tuple(columns), Expr::tuple(values));
            condition = condition.add(if list.sort.descending { place.lt(end) } else { place.gt(end) });
        }
        let order = if list.sort.descending { Order::Desc } else { Order::Asc };
        Entity::find().visible().filter(condition).order_by(self.key(), order.clone()).order_by(Column::Id, order)
    }
}

/// The condition that calls match the filter. A range over a column other than `sorted` is written so that SQLite
/// cannot choose an index for it, because the result would then have to be sorted. `sorted` is `None` if order does not
/// matter.
fn matching(filter: &CallFilter, sorted: Option<Column>) -> Condition {
    let range = |column: Column| match sorted {
        Some(sorted) if discriminant(&sorted) != discriminant(&column) => {
            Expr::cust(format!("+\"{}\"", column_name(column)))
        }
        _ => SimpleExpr::from(Expr::col(column)),
    };
    Condition::all()
        .add_option(filter.status.map(|status| Column::Status.eq(status)))
        .add_option(filter.caller.as_ref().map(|caller| Column::Caller.eq(caller.expose())))
        .add_option(filter.agent.as_ref().map(|agent| Column::Agent.eq(agent.expose())))
        .add_option(filter.direction.map(|direction| Column::Direction.eq(direction)))
        .add_option(filter.stream_sid.as_ref().map(|sid| Column::StreamSid.eq(sid)))
        .add_option(filter.call_sid.as_ref().map(|sid| Column::CallSid.eq(sid)))
        .add_option(filter.started_after.map(|time| range(Column::StartTime).gte(Value::from(time))))
        .add_option(filter.started_before.map(|time| range(Column::StartTime).lt(Value::from(time))))
        .add_option(filter.min_duration_ms.map(|least| range(Column::DurationMs).gte(least)))
        .add_option(filter.max_duration_ms.map(|most| range(Column::DurationMs).lte(most)))
}

fn column_name(column: Column) -> String {
    use sea_orm::Iden;
    column.unquoted().to_owned()
}

#[cfg(test)]
mod tests;
