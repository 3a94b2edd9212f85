//! Table `transcript`: what was said, a row an utterance.

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
    /// The call.
    pub call_id: Uuid,
    /// Who spoke.
    pub speaker: Private,
    /// What was said.
    #[sea_orm(column_type = "Text")]
    pub text: Private,
    /// How sure the recognizer was, 0 to 1.
    pub confidence: Option<f64>,
    /// Where in the call it begins, in seconds.
    pub start_time: Option<f64>,
    /// Where in the call it ends, in seconds.
    pub end_time: Option<f64>,
    /// When it arrived.
    pub created_at: Timestamp,
}

/// Queries join by hand; no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
