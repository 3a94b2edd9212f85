//! Table `delivery`: an event on its way to an endpoint, with the attempts that were made.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, outbox::Kind};

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum Status {
    /// Another attempt is due.
    Pending,
    /// The endpoint accepted the event.
    Succeeded,
    /// No more attempts are made, unless somebody asks for one.
    Failed,
}

/// A row of `delivery`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "delivery")]
pub struct Model {
    /// UUIDv7, in the order in which deliveries were queued.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The endpoint.
    pub webhook_id: Uuid,
    /// The event's place in the outbox. With `event_at` it is the event's id.
    pub position: i64,
    /// When the event happened.
    pub event_at: Timestamp,
    /// What happened.
    pub kind: Kind,
    /// The call that the event concerns.
    pub call_id: Uuid,
    /// Ids and states, a JSON object; no personal data.
    pub data: Json,
    /// How far it is.
    pub status: Status,
    /// Failed attempts since it was queued or queued again.
    pub tries: i32,
    /// When the next attempt is due.
    pub next_at: Timestamp,
    /// The attempts, oldest first: a JSON array.
    pub attempts: Json,
    /// When it was queued.
    pub created_at: Timestamp,
}

/// There is no foreign key to the call: its deletion is delivered after its row is gone.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
