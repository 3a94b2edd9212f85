//! Table `analytics`: snapshots of a call's figures, one row per snapshot.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The mood of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum Sentiment {
    /// A good mood.
    Positive,
    /// Neither good nor bad.
    Neutral,
    /// A bad mood.
    Negative,
}

/// A row of `analytics`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "analytics")]
pub struct Model {
    /// UUIDv7, in order of arrival.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The call's id.
    pub call_id: Uuid,
    /// The mood.
    pub sentiment: Option<Sentiment>,
    /// Strength of the mood, 0 to 1.
    pub sentiment_score: Option<f64>,
    /// Seconds of speech.
    pub talk_time: Option<f64>,
    /// Seconds of silence.
    pub silence_time: Option<f64>,
    /// How often one speaker interrupted the other.
    pub interruptions: Option<i32>,
    /// The agent's mean response time, in milliseconds.
    pub average_latency_ms: Option<f64>,
    /// Free-form figures, a JSON object.
    pub metrics: Option<Json>,
    /// The moment that the figures describe.
    pub snapshot_time: Timestamp,
    /// When the snapshot was stored.
    pub created_at: Timestamp,
    /// The API key that wrote it, or `token:` and the key that made the call token; `None` without a key.
    pub created_by: Option<String>,
}

/// Queries write their joins explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
