//! Reads the table: pages, its newest row, and whether a name is still known.
//!
//! Every query follows the primary key, which is the order of commits: a page costs what it returns, whatever the size
//! of the table. A filter by call or kind is applied on the way, so a rare kind in a long history reads the rows that
//! it passes. A test asks SQLite for its plan, since a sort would read all events that are kept.

use entity::{
    call,
    outbox::{Column, Entity},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};

use super::{EventFilter, EventId, OutboxEvent, model::Row};
use crate::{Error, Timestamp};

/// The events after a place, in order. The `streamSid` is read with them, so that a deleted call's is nowhere.
///
/// `position` is exclusive, and 0 stands before the first event. `limit` bounds the rows that are returned, not those
/// that the filter passes over. With a snapshot the caller gets events that fit the rest of its answer; with a pool it
/// gets the latest commit.
pub(super) async fn after(
    connection: &impl ConnectionTrait,
    position: i64,
    filter: &EventFilter,
    limit: u64,
) -> Result<Vec<OutboxEvent>, DbErr> {
    let rows = select(position, filter, limit).into_model::<Row>().all(connection).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

fn select(position: i64, filter: &EventFilter, limit: u64) -> sea_orm::Select<Entity> {
    let of_call = Entity::belongs_to(call::Entity).from(Column::CallId).to(call::Column::Id).into();
    let mut rows = Entity::find()
        .column(call::Column::StreamSid)
        .join(JoinType::LeftJoin, of_call)
        .filter(Column::Position.gt(position))
        .order_by_asc(Column::Position)
        .limit(limit);
    if !filter.kinds.is_empty() {
        rows = rows.filter(Column::Kind.is_in(filter.kinds.iter().copied()));
    }
    if let Some(call) = filter.call {
        rows = rows.filter(Column::CallId.eq(call));
    }
    rows
}

/// The newest event; `None` in a store without any.
///
/// Its position is where a reader begins that wants nothing of the past. Rows are deleted from the oldest on, and the
/// newest is kept whatever its age, so `None` means that nothing has ever happened.
pub(super) async fn newest(connection: &impl ConnectionTrait) -> Result<Option<EventId>, DbErr> {
    let newest = Entity::find().order_by_desc(Column::Position).one(connection).await?;
    Ok(newest.map(|row| EventId { position: row.position, time: row.created_at }))
}

/// Refuses a name after which events may be missing: one of another history, or older than what is kept.
///
/// Rows of deleted calls are gone, so a name without a row is believed if older and newer rows are there.
///
/// Three cases, by the row with the name's position:
///
/// - It is there: the name is right if the time is the same. Another time means that the database was restored from a
///   backup since, and has numbered other events.
/// - It is gone, and older and newer rows are there: its call was deleted, or a kind of event that goes with it.
///   Nothing after it is missing.
/// - It is gone, and lies before the oldest or after the newest row: it has expired, or is of another history.
///
/// # Errors
/// `EventExpired` for a name after which events may be missing, or a failing database. A reader then begins anew, from
/// the oldest event or from now, and compares with the resources what it has missed.
pub(super) async fn check(connection: &impl ConnectionTrait, name: EventId) -> Result<(), Error> {
    let place = |row: entity::outbox::Model| (row.position, row.created_at);
    let same: Option<(i64, Timestamp)> = Entity::find_by_id(name.position).one(connection).await?.map(place);
    let known = match same {
        Some((_, time)) => time == name.time,
        None => {
            let oldest = Entity::find().order_by_asc(Column::Position).one(connection).await?.map(place);
            let newest = newest(connection).await?;
            let between = |(first, _): (i64, _), last: EventId| first < name.position && name.position < last.position;
            oldest.zip(newest).is_some_and(|(oldest, newest)| between(oldest, newest))
        }
    };
    if known { Ok(()) } else { Err(Error::EventExpired) }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::plans::{database, in_index_order, plan};

    #[tokio::test]
    async fn events_are_read_in_the_order_of_an_index() {
        let (database, _folder) = database().await;
        let kinds = vec![entity::outbox::Kind::CallStarted];
        for filter in [
            EventFilter::default(),
            EventFilter { kinds: kinds.clone(), call: None },
            EventFilter { kinds, call: Some(Uuid::nil()) },
        ] {
            let plan = plan(&database, select(10, &filter, 50)).await;
            assert!(in_index_order(&plan), "{plan:#?}");
        }
    }
}
