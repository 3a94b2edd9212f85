//! Table `call_metadata`: descriptive data on calls, at most one row per call.

use sea_orm::entity::prelude::*;

use crate::{Private, Timestamp};

/// A row of `call_metadata`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "call_metadata")]
pub struct Model {
    /// The call's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    /// The language spoken.
    pub language: Option<String>,
    /// The caller's region.
    pub region: Option<String>,
    /// The caller's type of device.
    pub device_type: Option<String>,
    /// Quality of the line.
    pub network_quality: Option<String>,
    /// Free-form metadata, a JSON object.
    pub custom_data: Option<Private<Json>>,
    /// When the row was created.
    pub created_at: Timestamp,
    /// When the row was last changed.
    pub updated_at: Timestamp,
    /// The API key that last wrote it, or `token:` and the key that made the call token; `None` without a key.
    pub created_by: Option<String>,
}

/// Queries write their joins explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
