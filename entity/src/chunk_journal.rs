//! Table `chunk_journal`: chunks as they were acknowledged, a row a transaction, until they are in `audio_chunk`.

use sea_orm::entity::prelude::*;

/// A row of `chunk_journal`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chunk_journal")]
pub struct Model {
    /// Rising with time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// The transaction's chunks, as `service::writer` lays them out.
    pub data: Vec<u8>,
}

/// Queries join by hand; no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
