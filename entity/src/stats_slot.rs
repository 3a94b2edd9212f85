//! Table `stats_slot`: what statistics need of the calls that began within three hours.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// A row of `stats_slot`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stats_slot")]
pub struct Model {
    /// When the slot begins: a multiple of three hours.
    #[sea_orm(primary_key, auto_increment = false)]
    pub start_time: Timestamp,
    /// The calls, packed. `service` knows the form.
    pub data: Vec<u8>,
}

/// A slot has rows of many calls.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
