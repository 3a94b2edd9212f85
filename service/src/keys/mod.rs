//! API keys: who may do what. A key is shown once, when it is created; only its SHA-256 is stored.

mod manage;
mod ring;
mod secret;

pub use entity::api_key::Scope;
pub use manage::{CreatedKey, FILE_LABEL, NewKey, Revoked};
pub use ring::{KeyGrant, KeyRefusal};
pub use secret::{KEY_MIN_CHARACTERS, Secret};

pub(crate) use ring::Ring;

use entity::api_key::Model;
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
