//! Table `call_track`: facts about a track that are kept beside its chunks. A row is inserted when a duplicate chunk is
//! counted, and for each track with audio when the call is completed.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The two tracks of a call.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Track {
    /// The caller's voice.
    #[sea_orm(num_value = 0)]
    Inbound,
    /// The agent's voice.
    #[sea_orm(num_value = 1)]
    Outbound,
}

/// A row of `call_track`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "call_track")]
pub struct Model {
    /// The call's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    /// Whose voice it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub track: Track,
    /// Number of chunks that were sent again.
    pub duplicates: i64,
    /// A summary of the track's chunks, made by `service::chunks`. Set when the call is completed, because its chunks
    /// are deleted then.
    pub summary: Option<Json>,
}

/// Queries write their joins explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
