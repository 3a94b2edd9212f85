//! Verifies the chain in the database.
//!
//! What it finds: an entry that was changed (its hash differs), removed or moved (its link leads nowhere, or the
//! positions have a hole), or inserted past the triggers (it neither has a link nor waits for one). What it cannot find
//! without a noted head: an end that was cut off together with its links, and a chain that was computed anew from some
//! place on.

use std::collections::HashMap;

use entity::{audit_entry, audit_pending, audit_seal};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Statement,
};
use uuid::Uuid;

use super::{
    chain::{AuditFault, ChainHead, Content, REMOVAL, Verified, Walk, removed_through},
    error::AuditError,
    seal::stored,
};
use crate::Database;

/// Links that are read at once.
const SLICE: u64 = 1000;

/// A link with its entry, if that is still there.
pub(super) type Linked = (ChainHead, Option<Content>);

/// The links after a position, with their entries.
pub(super) async fn links_after(on: &impl ConnectionTrait, position: i64) -> Result<Vec<Linked>, DbErr> {
    let links = audit_seal::Entity::find().filter(audit_seal::Column::Position.gt(position));
    let links = links.order_by_asc(audit_seal::Column::Position).limit(SLICE).all(on).await?;
    let ids: Vec<Uuid> = links.iter().map(|link| link.entry_id).collect();
    let entries = audit_entry::Entity::find().filter(audit_entry::Column::Id.is_in(ids)).all(on).await?;
    let mut entries: HashMap<Uuid, audit_entry::Model> = entries.into_iter().map(|entry| (entry.id, entry)).collect();
    let linked = |link: &audit_seal::Model| Ok((stored(link)?, entries.remove(&link.entry_id).map(Content::from)));
    links.iter().map(linked).collect()
}

/// Where the chain begins: its start, or the last link that the service's retention removed the entry of.
pub(super) async fn beginning(on: &impl ConnectionTrait) -> Result<(ChainHead, Option<ChainHead>), AuditError> {
    let first = audit_seal::Entity::find().order_by_asc(audit_seal::Column::Position).one(on).await?;
    let Some(first) = first else { return Ok((ChainHead::START, None)) };
    let there = audit_entry::Entity::find_by_id(first.entry_id).one(on).await?.is_some();
    if there && first.position == 1 {
        return Ok((ChainHead::START, None));
    }
    let begin = stored(&first)?;
    if there {
        return Err(AuditFault::Beginning { position: begin.position - 1 }.into());
    }
    let removals = audit_entry::Entity::find().filter(audit_entry::Column::Operation.eq(REMOVAL)).all(on).await?;
    let through = removals.iter().filter_map(removed_through).max_by_key(|through| through.position);
    match through.filter(|through| through.position >= begin.position) {
        Some(through) => Ok((begin, Some(through))),
        None => Err(AuditFault::Beginning { position: begin.position }.into()),
    }
}

impl Database {
    /// Verifies the audit against its chain, and the chain against a head that was noted before.
    ///
    /// # Errors
    /// The first entry that does not fit, or a failing database.
    pub async fn verify_audit(&self, noted: Option<ChainHead>) -> Result<Verified, AuditError> {
        let snapshot = self.snapshot().await?;
        let (begin, removed) = beginning(&snapshot).await?;
        let mut walk = Walk::new(begin, noted.into_iter().chain(removed).collect())?;
        loop {
            let links = links_after(&snapshot, walk.at().position).await?;
            if links.is_empty() {
                break;
            }
            for (link, content) in links {
                walk.step(link, content.as_ref())?;
            }
        }
        if let Some(stray) = stray(&snapshot).await? {
            return Err(AuditFault::Stray { id: stray.id }.into());
        }
        let waiting = audit_pending::Entity::find().count(&snapshot).await?;
        Ok(Verified { waiting, ..walk.end()? })
    }
}

/// The first entry that is neither in the chain nor waiting for it.
async fn stray(on: &DatabaseTransaction) -> Result<Option<audit_entry::Model>, DbErr> {
    let query = "SELECT e.* FROM audit_entry e \
        WHERE NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.entry_id = e.id) \
        AND NOT EXISTS (SELECT 1 FROM audit_pending p WHERE p.id = e.id) ORDER BY e.id LIMIT 1";
    let statement = Statement::from_string(on.get_database_backend(), query);
    audit_entry::Model::find_by_statement(statement).one(on).await
}
