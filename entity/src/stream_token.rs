//! Table `stream_token`: the one-time tokens of media streams that were used, a row a token.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// A row of `stream_token`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stream_token")]
pub struct Model {
    /// What is random in the token; it is none without its signature.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The stream that used it.
    pub stream_sid: String,
    /// From when on the row is not needed.
    pub forget_at: Timestamp,
}

/// Queries join by hand; no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
