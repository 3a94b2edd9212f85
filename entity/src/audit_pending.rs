//! Table `audit_pending`: ids of entries that are not yet in the chain of the audit. A trigger inserts them.

use sea_orm::entity::prelude::*;

/// A row of `audit_pending`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_pending")]
pub struct Model {
    /// The entry's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
}

/// There are no foreign keys: rows may outlive entries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
