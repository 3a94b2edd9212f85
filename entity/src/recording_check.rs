//! Table `recording_check`: what the bytes of recordings must be, and when they were last compared.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// A row of `recording_check`. A recording made by a version without this table has a row once its file was checked.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "recording_check")]
pub struct Model {
    /// The recording's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub recording_id: Uuid,
    /// The state of the file's SHA-256 after each full block of 128 KiB, 32 bytes each; `service::integrity` notes it.
    pub block_hashes: Vec<u8>,
    /// When the file was made, or last compared with its hash.
    pub checked_at: Timestamp,
}

/// Queries write their joins explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
