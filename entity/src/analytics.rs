//! Table `analytics`: snapshots of a call's figures, a row a snapshot.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The mood of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum Sentiment {
    /// Good.
    Positive,
    /// Neither.
    Neutral,
    /// Bad.
    Negative,
}

/// A row of `analytics`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "analytics")]
pub struct Model {
    /// UUIDv7, in order of arrival.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The call.
    pub call_id: Uuid,
    /// The mood.
    pub sentiment: Option<Sentiment>,
    /// How strong it is, 0 to 1.
    pub sentiment_score: Option<f64>,
    /// Seconds of speech.
    pub talk_time: Option<f64>,
    /// Seconds of silence.
    pub silence_time: Option<f64>,
    /// How often one spoke over the other.
    pub interruptions: Option<i32>,
    /// The agent's mean time to answer, in milliseconds.
    pub average_latency_ms: Option<f64>,
    /// Anything else, a JSON object.
    pub metrics: Option<Json>,
    /// What moment the figures are of.
    pub snapshot_time: Timestamp,
    /// When it arrived.
    pub created_at: Timestamp,
}

/// Queries join by hand; no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
