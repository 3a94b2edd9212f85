//! Table `audit_export`: up to which position the audit was exported, one row per export.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// A row of `audit_export`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_export")]
pub struct Model {
    /// The last exported position.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// When it was exported.
    pub created_at: Timestamp,
}

/// There are no foreign keys: rows may outlive entries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
