//! Table `call_event`: what a media stream told beside audio, a row an event.

use sea_orm::entity::prelude::*;

use crate::{Private, Timestamp, call_track::Track};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum EventType {
    /// A key was pressed.
    Dtmf,
    /// What was played up to a mark has been heard.
    Mark,
}

/// A row of `call_event`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "call_event")]
pub struct Model {
    /// UUIDv7, in order of arrival.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The call.
    pub call_id: Uuid,
    /// What happened.
    #[sea_orm(column_name = "type")]
    pub event_type: EventType,
    /// On whose side, where the event says so.
    pub track: Option<Track>,
    /// The key.
    pub digit: Option<Private>,
    /// The mark's name.
    pub name: Option<String>,
    /// The latest media timestamp that had arrived, in milliseconds; 0 before any.
    pub position_ms: i32,
    /// When it arrived.
    pub created_at: Timestamp,
}

/// Queries join by hand; no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
