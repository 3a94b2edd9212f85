//! Table `api_key`: the API keys, one row per key. Only the hash of a key is stored.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum Scope {
    /// Write calls.
    Ingest,
    /// Read everything.
    Read,
    /// Everything, including deleting and managing keys.
    Admin,
}

/// A row of `api_key`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    /// UUIDv7, in order of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// A note for people on what the key is for.
    pub label: Option<String>,
    /// What the key may do.
    pub scope: Scope,
    /// SHA-256 of the key.
    pub hash: Vec<u8>,
    /// When the key was created.
    pub created_at: Timestamp,
    /// When the key expires; `None` if never.
    pub expires_at: Option<Timestamp>,
    /// When the key was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The first key of the line that this one continues by rotation; `None` for a key that continues none.
    pub family_id: Option<Uuid>,
    /// Whether the key may write only to calls that its family started.
    #[serde(default)]
    pub own_calls_only: bool,
    /// The networks from which the key may be used, comma-separated in CIDR notation; `None` for all.
    pub allowed_networks: Option<String>,
    /// When the key was last used, accurate to about a minute.
    pub last_used_at: Option<Timestamp>,
    /// The key that replaces this one since its rotation.
    pub replaced_by: Option<Uuid>,
}

/// Keys do not belong to another table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
