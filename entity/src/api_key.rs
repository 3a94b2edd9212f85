//! Table `api_key`: who may use the service, a row a key. The key itself is nowhere, only its hash.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum Scope {
    /// Write calls.
    Ingest,
    /// Read all there is.
    Read,
    /// Everything, also delete, and manage keys.
    Admin,
}

/// A row of `api_key`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    /// UUIDv7, in the order in which keys were made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it is for, for people.
    pub label: Option<String>,
    /// What it may do.
    pub scope: Scope,
    /// The key's SHA-256.
    pub hash: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is not taken, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Keys belong to nothing.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
