//! Table `call_event`: events of media streams other than audio, one row per event.

use sea_orm::entity::prelude::*;

use crate::{Private, Timestamp, call_track::Track};

/// Type of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum EventType {
    /// A telephone key was pressed.
    Dtmf,
    /// The audio before a mark has been played.
    Mark,
}

/// A row of `call_event`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "call_event")]
pub struct Model {
    /// UUIDv7, in order of arrival.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The call's id.
    pub call_id: Uuid,
    /// Type of event.
    #[sea_orm(column_name = "type")]
    pub event_type: EventType,
    /// The side it came from, if the event says so.
    pub track: Option<Track>,
    /// The telephone key.
    pub digit: Option<Private>,
    /// The mark's name.
    pub name: Option<String>,
    /// The latest media timestamp received before the event, in milliseconds; 0 if there was none.
    pub position_ms: i32,
    /// When the event arrived.
    pub created_at: Timestamp,
}

/// Queries write their joins explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
