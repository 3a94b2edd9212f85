//! Pages of calls by cursor or offset, filtered and sorted. Every page is read in the order of an index.
//!
//! Every list is read from an index in its order, so that a page costs the same however many calls there are; tests
//! read the query plans. `matching` chooses the index. A list by duration has two indexes' worth of calls, those with a
//! duration and those without; each is a [`Segment`], and a page may need both. Of several values, such as two
//! statuses, each is read from the index in its order, and the results are merged.
//!
//! With a cursor, a page begins after the last call of the page before, so calls that start meanwhile shift nothing.
//! With an offset they do.

use std::cmp::Reverse;

use audio::number::wide;
use entity::call::Entity;
use sea_orm::{Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};

use super::{
    Call, CallParts, CallRow, Visible,
    cursor::{self, Position},
    filter::{CallFilter, CallSort, SortField},
    include::ListPart,
    matching::{Lead, matching, split},
    part::Calls,
    segment::Segment,
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
    /// The parts to return with each call.
    pub include: Vec<ListPart>,
}

/// A page of calls.
#[derive(Clone, Debug, PartialEq)]
pub struct CallList {
    /// The calls, each with its parts.
    pub items: Vec<(Call, CallParts)>,
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
        let readers = self.core.database.readers();
        let lead = Lead::choose(&list.filter, readers).await?;
        let is_one_read = split(&list.filter, lead).len() == 1 && list.include.is_empty() && list.filter.q.is_none();
        if !list.total && list.sort.field == SortField::StartTime && is_one_read {
            // A single statement reads the page, so no snapshot is needed.
            return self.read_list(readers, list, lead, after, &Condition::all()).await;
        }
        let snapshot = self.core.database.snapshot().await?;
        let Some(query) = &list.filter.q else {
            return self.read_list(&snapshot, list, lead, after, &Condition::all()).await;
        };
        if !query.can_match() {
            return Ok(CallList { items: Vec::new(), next_cursor: None, total: list.total.then_some(0) });
        }
        let storage = self.core.database.storage();
        let found = storage.has_hit(query, storage.is_common(&snapshot, query).await?);
        self.read_list(&snapshot, list, lead, after, &Condition::all().add(found)).await
    }

    /// Reads a page of calls. A page by duration takes several statements, and so do parts, a total and several values.
    /// They are consistent only if `connection` is a snapshot. `found` is what the filter says of the transcripts.
    async fn read_list(
        &self,
        connection: &impl ConnectionTrait,
        list: &ListCalls,
        lead: Lead,
        after: Option<Position>,
        found: &Condition,
    ) -> Result<CallList, Error> {
        let rows = page_of_calls(connection, list, lead, after, found).await?;
        let Slice { items, has_more } = Slice::<Call>::cut(rows, list.limit);
        let next_cursor = items.last().filter(|_| has_more).map(|last| {
            let key = key_of(list.sort.field, last.start_time.0, last.duration_ms);
            cursor::encode(Position { key, id: last.id }, &list.filter, list.sort)
        });
        let total = if list.total {
            let condition = matching(&list.filter, lead, None, connection.get_database_backend());
            // All calls are counted, so their hits are gathered first.
            let found = list.filter.q.as_ref().map(|query| self.core.database.storage().has_hit(query, false));
            let calls = Entity::find().visible().filter(condition).filter(Condition::all().add_option(found));
            Some(calls.count(connection).await?)
        } else {
            None
        };
        let items = self.include(connection, items, &list.include).await?;
        Ok(CallList { items, next_cursor, total })
    }
}

/// What a call is sorted by.
fn key_of(field: SortField, start: i64, duration_ms: Option<i64>) -> Option<i64> {
    match field {
        SortField::StartTime => Some(start),
        SortField::Duration => duration_ms,
    }
}

/// The page's rows, and one more if there is one.
///
/// Takes from one segment after the other until the page is full. An offset beyond a segment has to know the segment's
/// length, and only then is it counted.
async fn page_of_calls(
    connection: &impl ConnectionTrait,
    list: &ListCalls,
    lead: Lead,
    after: Option<Position>,
    found: &Condition,
) -> Result<Vec<CallRow>, DbErr> {
    let wanted = list.limit + 1;
    let mut rows = Vec::new();
    let mut offset = list.offset;
    let backend = connection.get_database_backend();
    for segment in Segment::of(list.sort.field) {
        let after = match after {
            Some(position) if segment.holds(position) => Some(position),
            // The cursor is in a later segment.
            Some(position) if position.key.is_none() => continue,
            _ => None,
        };
        let missing = wanted - wide(rows.len());
        let page = read(*segment, connection, list, lead, after, found, (offset, missing)).await?;
        crash::hold("calls.read").await;
        let nothing = page.is_empty();
        rows.extend(page);
        if wide(rows.len()) == wanted {
            break;
        }
        if nothing && offset > 0 {
            let condition = segment.condition(&list.filter, lead, backend);
            let passed = Entity::find().visible().filter(condition).filter(found.clone());
            let passed = passed.count(connection).await?;
            offset = offset.saturating_sub(passed);
        } else {
            offset = 0;
        }
    }
    Ok(rows)
}

/// Reads calls of a segment, `page` being how many to skip and the most to read.
///
/// Each of several values has its own read, which ends with the page. An offset cannot be divided among them, so
/// the database then sorts all calls with any of the values.
async fn read(
    segment: Segment,
    connection: &impl ConnectionTrait,
    list: &ListCalls,
    lead: Lead,
    after: Option<Position>,
    found: &Condition,
    (offset, limit): (u64, u64),
) -> Result<Vec<CallRow>, DbErr> {
    let backend = connection.get_database_backend();
    let select = |filter: &CallFilter| {
        segment.select(filter, list.sort, lead, after, backend).filter(found.clone()).limit(limit)
    };
    let filters = split(&list.filter, lead);
    if filters.len() == 1 || offset > 0 {
        return select(&list.filter).offset(offset).all(connection).await;
    }
    let mut rows = Vec::new();
    for filter in &filters {
        rows.extend(select(filter).all(connection).await?);
    }
    let key = |row: &CallRow| (key_of(list.sort.field, row.start_time.0, row.duration_ms), row.id);
    if list.sort.descending {
        rows.sort_by_key(|row| Reverse(key(row)));
    } else {
        rows.sort_by_key(key);
    }
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(rows)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
mod tests;
