//! Adds new entries to the hash chain, in slices: what waits in `audit_pending` gets the next positions in
//! `audit_seal`. Requests do not wait for it, and it never runs twice at a time.
//!
//! Entries get their place in the chain after they were committed, not with their commit: the chain is one sequence,
//! and making every request of every node wait for its turn would serialize them all. Until then a row in
//! `audit_pending`, which a trigger writes with the entry, says that it has to come.

use std::collections::HashSet;

use entity::{audit_entry, audit_pending, audit_seal};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::chain::{ChainHead, Content};
use crate::Database;

/// Most entries of a slice.
pub(super) const SLICE: usize = 500;
/// Keeps other nodes and commands from extending the chain at the same time.
const LOCK: &[u8; 32] = b"audit chain of a callstore node.";

/// Whether entries wait for the chain.
pub(super) async fn has_pending(connection: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(audit_pending::Entity::find().one(connection).await?.is_some())
}

/// Adds the oldest waiting entries to the chain, and returns how many were waiting; 0 also if another node is at it.
pub(super) async fn seal_slice(database: &Database, transaction: &DatabaseTransaction) -> Result<usize, DbErr> {
    if !database.storage().try_lock_name(transaction, LOCK).await? {
        return Ok(0);
    }
    let pending = audit_pending::Entity::find().order_by_asc(audit_pending::Column::Id);
    let pending: Vec<Uuid> =
        pending.limit(SLICE.try_into().ok()).all(transaction).await?.into_iter().map(|row| row.id).collect();
    if pending.is_empty() {
        return Ok(0);
    }
    // A copied database has the links of entries that wait.
    let sealed = audit_seal::Entity::find().filter(audit_seal::Column::EntryId.is_in(pending.clone()));
    let sealed: HashSet<Uuid> = sealed.all(transaction).await?.into_iter().map(|row| row.entry_id).collect();
    let entries = audit_entry::Entity::find().filter(audit_entry::Column::Id.is_in(pending.clone()));
    let entries = entries.order_by_asc(audit_entry::Column::Id).all(transaction).await?;
    let mut head = head(transaction).await?;
    let mut links = Vec::new();
    for entry in entries.into_iter().filter(|entry| !sealed.contains(&entry.id)) {
        let content = Content::from(entry);
        head = head.next(&content);
        links.push(audit_seal::ActiveModel {
            position: Set(head.position),
            entry_id: Set(content.id),
            hash: Set(head.hash.to_vec()),
        });
    }
    if !links.is_empty() {
        audit_seal::Entity::insert_many(links).exec_without_returning(transaction).await?;
    }
    let waiting = pending.len();
    audit_pending::Entity::delete_many().filter(audit_pending::Column::Id.is_in(pending)).exec(transaction).await?;
    Ok(waiting)
}

/// The last link.
pub(super) async fn head(connection: &impl ConnectionTrait) -> Result<ChainHead, DbErr> {
    let last = audit_seal::Entity::find().order_by_desc(audit_seal::Column::Position).one(connection).await?;
    last.as_ref().map_or(Ok(ChainHead::START), stored)
}

/// A stored link.
pub(super) fn stored(row: &audit_seal::Model) -> Result<ChainHead, DbErr> {
    let hash = row.hash.as_slice().try_into();
    let hash = hash.map_err(|_| DbErr::Custom(format!("the hash at position {} has a wrong length", row.position)))?;
    Ok(ChainHead { position: row.position, hash })
}
