//! Table `webhook`: endpoints that are told of events.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Private, Timestamp};

/// Why the service disabled an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum DisabledReason {
    /// It answered 410.
    Gone,
    /// Every attempt of five days failed.
    Failing,
}

/// A row of `webhook`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "webhook")]
pub struct Model {
    /// UUIDv7, in order of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where events are posted. Hidden from the log, since people put secrets into URLs.
    #[sea_orm(column_type = "Text")]
    pub url: Private,
    /// A note for people on what the endpoint is for.
    pub description: Option<String>,
    /// The types that it wants, separated by commas, groups such as `call.*` among them; `None` for all.
    #[sea_orm(column_type = "Text", nullable)]
    pub types: Option<String>,
    /// Whether bodies carry personal data of the event's subject.
    pub include_data: bool,
    /// Whether it is told of events.
    pub enabled: bool,
    /// Why the service disabled it; `None` if an admin did.
    pub disabled_reason: Option<DisabledReason>,
    /// The secret that signs, sealed.
    pub secret: Vec<u8>,
    /// The secret before the last rotation, sealed.
    pub previous_secret: Option<Vec<u8>>,
    /// Until when the previous secret signs too.
    pub previous_until: Option<Timestamp>,
    /// The place in the outbox up to which deliveries are queued.
    pub position: i64,
    /// Since when every attempt fails; `None` after a success.
    pub failing_since: Option<Timestamp>,
    /// Until when the endpoint asked to be left alone. Until the next success it gets one event at a time.
    pub paused_until: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When a request or the service changed it last.
    pub updated_at: Timestamp,
}

/// Deliveries name their endpoint; nothing is read through the relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
