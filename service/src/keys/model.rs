//! What is known of an API key.

use entity::api_key::Model;
pub use entity::api_key::Scope;
use uuid::Uuid;

use super::network;
use crate::{Timestamp, network::Network};

/// What is known of a key, without the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// UUIDv7, in order of creation.
    pub id: Uuid,
    /// A note for people on what the key is for.
    pub label: Option<String>,
    /// What the key may do.
    pub scope: Scope,
    /// When the key was created.
    pub created_at: Timestamp,
    /// When the key expires; `None` if never.
    pub expires_at: Option<Timestamp>,
    /// When the key was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Whether the key writes only to calls that it, or a key that it replaced, started.
    pub own_calls_only: bool,
    /// The networks from which the key may be used; `None` for all.
    pub allowed_networks: Option<Vec<Network>>,
    /// When the key was last used, accurate to about a minute.
    pub last_used_at: Option<Timestamp>,
    /// The key that replaces this one since its rotation.
    pub replaced_by: Option<Uuid>,
}

impl From<Model> for ApiKey {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            label: row.label,
            scope: row.scope,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            own_calls_only: row.own_calls_only,
            allowed_networks: row.allowed_networks.as_deref().map(network::restore),
            last_used_at: row.last_used_at,
            replaced_by: row.replaced_by,
        }
    }
}
