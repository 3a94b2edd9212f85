//! Table `search_progress`: how far the transcripts from before search are indexed.

use sea_orm::entity::prelude::*;

/// The row of `search_progress`; there is one at most. No row: the indexing has not begun.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_progress")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Transcripts from this one on are indexed; null once all are.
    pub position: Option<Uuid>,
    /// How many transcripts the work has passed.
    pub indexed: i64,
    /// How many transcripts there were when it began.
    pub total: i64,
}

/// There is nothing to relate.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
