//! Table `call_metadata`: what else is known of a call, at most one row a call.

use sea_orm::entity::prelude::*;
use serde::Serialize;

use crate::{Private, Timestamp};

/// A row of `call_metadata`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "call_metadata")]
pub struct Model {
    /// The call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    /// The language spoken.
    pub language: Option<String>,
    /// Where the caller is.
    pub region: Option<String>,
    /// What the caller calls with.
    pub device_type: Option<String>,
    /// How good the line is.
    pub network_quality: Option<String>,
    /// Anything else, a JSON object.
    pub custom_data: Option<Private<Json>>,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When the row was last changed.
    pub updated_at: Timestamp,
}

/// Queries join by hand; no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
