//! Table `stream_token`: used one-time tokens of media streams, one row per token.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// A row of `stream_token`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stream_token")]
pub struct Model {
    /// The random part of the token. Without its signature it is not a valid token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The stream that used the token; empty once its call is deleted.
    pub stream_sid: String,
    /// When the row may be deleted.
    pub forget_at: Timestamp,
    /// The stream's call, once it is known. No foreign key: the row outlives the call.
    pub call_id: Option<Uuid>,
}

/// Queries write their joins explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
