//! What is known of an API key.

use entity::api_key::Model;
pub use entity::api_key::Scope;
use uuid::Uuid;

use crate::Timestamp;

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
        }
    }
}
