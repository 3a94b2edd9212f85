//! Table `search_entry`: the texts of transcripts as search compares them.

use sea_orm::entity::prelude::*;

use crate::Private;

/// A row of `search_entry`, inserted in the transaction that stores its transcript, and removed with it by a foreign
/// key. A transcript from before this table has a row once the background work has reached it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_entry")]
pub struct Model {
    /// In order of insertion.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// When the call began, in milliseconds, times 2^21; on SQLite and a number, which makes it unique.
    pub place: i64,
    /// The transcript; unique.
    pub transcript_id: Uuid,
    /// The transcript's call.
    pub call_id: Uuid,
    /// The folded words of the transcript's text, separated by spaces.
    #[sea_orm(column_type = "Text")]
    pub text: Private,
}

/// Queries write their joins explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
