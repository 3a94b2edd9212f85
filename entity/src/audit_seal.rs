//! Table `audit_seal`: the hash chain over `audit_entry`, one row per entry. Triggers refuse changes.

use sea_orm::entity::prelude::*;

/// A row of `audit_seal`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_seal")]
pub struct Model {
    /// The place in the chain, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// The entry at this place.
    #[sea_orm(unique)]
    pub entry_id: Uuid,
    /// SHA-256 over the hash before, the position and the entry.
    pub hash: Vec<u8>,
}

/// There are no foreign keys: rows may outlive entries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
