//! Table `chunk_journal`: acknowledged chunks that are not in `audio_chunk` yet, one row per transaction.

use sea_orm::entity::prelude::*;

/// A row of `chunk_journal`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chunk_journal")]
pub struct Model {
    /// Rises with each transaction.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// The transaction's chunks, encoded by `service::writer`.
    pub data: Vec<u8>,
}

/// The row holds chunks of any calls, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
