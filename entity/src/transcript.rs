//! Table `transcript`: what was said, one row per utterance.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Private, Timestamp};

/// A row of `transcript`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "transcript")]
pub struct Model {
    /// UUIDv7, in order of arrival.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The call's id.
    pub call_id: Uuid,
    /// Who spoke.
    pub speaker: Private,
    /// What was said.
    #[sea_orm(column_type = "Text")]
    pub text: Private,
    /// The recognizer's confidence, 0 to 1.
    pub confidence: Option<f64>,
    /// When it begins, in seconds from the start of the call.
    pub start_time: Option<f64>,
    /// When it ends, in seconds from the start of the call.
    pub end_time: Option<f64>,
    /// When the utterance was stored.
    pub created_at: Timestamp,
}

/// Queries write their joins explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
