//! Table `call_track`: what is to be known of a track beside its chunks. A row is made when a duplicate is counted, and
//! for every track when the call is completed and its chunks go.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Whose voice a track holds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Track {
    /// The caller's.
    #[sea_orm(num_value = 0)]
    Inbound,
    /// The agent's.
    #[sea_orm(num_value = 1)]
    Outbound,
}

/// A row of `call_track`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "call_track")]
pub struct Model {
    /// The call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    /// Whose voice.
    #[sea_orm(primary_key, auto_increment = false)]
    pub track: Track,
    /// How many chunks came again.
    pub duplicates: i64,
    /// What was stored, once the call is completed: a summary of the track's chunks, made by `service::chunks`.
    pub summary: Option<Json>,
}

/// Queries join by hand; no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
