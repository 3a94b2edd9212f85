//! Removes old entries that were exported. Nothing else removes entries, and the database refuses to remove what was
//! not exported.
//!
//! Nothing is removed that was not exported, and nothing in the middle: always the oldest links, up to one position. So
//! what is left is one piece of the chain, and the entry about the removal says where it begins.

use entity::{
    audit_entry::{self, Actor},
    audit_export, audit_seal,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use uuid::Uuid;

use super::{
    chain::{ChainHead, REMOVAL, removal_of},
    entry::enter_own,
    seal::stored,
};
use crate::Timestamp;

/// Most entries that one transaction removes.
const SLICE: u64 = 500;

/// The last exported position; 0 if nothing was exported.
pub(super) async fn exported_through(connection: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let last = audit_export::Entity::find().order_by_desc(audit_export::Column::Position).one(connection).await?;
    Ok(last.map_or(0, |last| last.position))
}

/// The last link that may go: exported, and without an entry from `before` or later at or before it. `None` if nothing
/// may go.
pub(super) async fn removable(
    connection: &impl ConnectionTrait,
    before: Timestamp,
) -> Result<Option<ChainHead>, DbErr> {
    let exported = exported_through(connection).await?;
    let first = audit_seal::Entity::find().order_by_asc(audit_seal::Column::Position).one(connection).await?;
    if first.is_none_or(|first| first.position > exported) {
        return Ok(None);
    }
    // The plus keeps the database from reading all young entries: it follows the positions to the first of them.
    let young = format!(
        "SELECT s.* FROM audit_seal s JOIN audit_entry e ON e.id = s.entry_id \
        WHERE s.position <= {exported} AND +e.created_at >= {} ORDER BY s.position LIMIT 1",
        before.0
    );
    let young = Statement::from_string(connection.get_database_backend(), young);
    let young = audit_seal::Model::find_by_statement(young).one(connection).await?;
    let through = young.map_or(exported, |young| young.position - 1);
    let Some(last) = audit_seal::Entity::find_by_id(through).one(connection).await? else { return Ok(None) };
    let there = audit_entry::Entity::find_by_id(last.entry_id).one(connection).await?.is_some();
    there.then(|| stored(&last)).transpose()
}

/// Enters that all entries up to `through` are removed. The entry is there before the first of them goes, so that a
/// removal that is interrupted can be told from a tampered audit.
pub(super) async fn enter_removal(
    transaction: &impl ConnectionTrait,
    through: &ChainHead,
    id: Uuid,
    now: Timestamp,
) -> Result<(), DbErr> {
    enter_own(transaction, Actor::Service, REMOVAL, removal_of(through), id, now).await
}

/// Removes the oldest entries up to `through`, and returns whether any are left. The last removed position keeps its
/// link, so that the rest of the chain can be verified.
pub(super) async fn remove_slice(transaction: &impl ConnectionTrait, through: &ChainHead) -> Result<bool, DbErr> {
    let oldest = audit_seal::Entity::find().filter(audit_seal::Column::Position.lte(through.position));
    let oldest = oldest.order_by_asc(audit_seal::Column::Position).limit(SLICE).all(transaction).await?;
    let Some(last) = oldest.last().map(|link| link.position) else { return Ok(false) };
    let ids: Vec<Uuid> = oldest.iter().map(|link| link.entry_id).collect();
    audit_entry::Entity::delete_many().filter(audit_entry::Column::Id.is_in(ids)).exec(transaction).await?;
    audit_seal::Entity::delete_many().filter(audit_seal::Column::Position.lt(last)).exec(transaction).await?;
    Ok(last < through.position)
}

/// Logs that entries outlive the retention because nobody has exported them.
pub(super) async fn warn_of_unexported(connection: &impl ConnectionTrait, before: Timestamp) -> Result<(), DbErr> {
    let exported = exported_through(connection).await?;
    let unexported = audit_seal::Entity::find()
        .filter(audit_seal::Column::Position.gt(exported))
        .order_by_asc(audit_seal::Column::Position)
        .one(connection)
        .await?;
    let Some(first) = unexported else { return Ok(()) };
    let entry = audit_entry::Entity::find_by_id(first.entry_id).one(connection).await?;
    if entry.is_some_and(|entry| entry.created_at < before) {
        tracing::warn!(
            first = first.position,
            "Audit entries are older than --audit-retention, but not exported, so that they are kept. Run `callstore \
             audit export FILE`, or set no retention."
        );
    }
    Ok(())
}
