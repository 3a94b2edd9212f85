//! Reads the table: pages, its newest row, and whether a name is still known.

use entity::{
    call,
    outbox::{Column, Entity},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};

use super::{EventFilter, EventId, OutboxEvent, model::Row};
use crate::{Error, Timestamp};

/// The events after a place, in order. The `streamSid` is read with them, so that a deleted call's is nowhere.
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
pub(super) async fn newest(connection: &impl ConnectionTrait) -> Result<Option<EventId>, DbErr> {
    let newest = Entity::find().order_by_desc(Column::Position).one(connection).await?;
    Ok(newest.map(|row| EventId { position: row.position, time: row.created_at }))
}

/// Refuses a name after which events may be missing: one of another history, or older than what is kept.
///
/// Rows of deleted calls are gone, so a name without a row is believed if older and newer rows are there.
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
