//! Table `stats_mark`: slots of `stats_slot` that are older than their calls. Triggers insert the rows.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// A row of `stats_mark`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stats_mark")]
pub struct Model {
    /// Rises with time on SQLite. On PostgreSQL a later row may be committed first.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// When the slot begins.
    pub slot: Timestamp,
    /// Whether the slot holds a name that must not be kept.
    pub erases: bool,
}

/// A mark may be of a slot that is not built yet.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
