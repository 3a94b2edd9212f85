//! API keys on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::wire::{Time, same_variants};

/// What a key may do: write calls (`ingest`), read everything (`read`), or everything, including deletion and
/// management of keys (`admin`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Write calls
    Ingest,
    /// Read all there is
    Read,
    /// Everything, also delete, and manage keys
    Admin,
}

same_variants!(Scope, service::Scope, [Ingest, Read, Admin]);

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Ingest, Self::Read, Self::Admin];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }
}

/// An API key, without the key itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKey {
    /// The key's id, a UUIDv7. `revokeKey` takes it.
    pub id: Uuid,
    /// What the key is for.
    #[schema(required)]
    pub label: Option<String>,
    /// What the key may do.
    pub scope: Scope,
    /// When the key was created.
    pub created_at: Time,
    /// When the key expires; null if it never does.
    #[schema(required)]
    pub expires_at: Option<Time>,
    /// When the key was revoked.
    #[schema(required)]
    pub revoked_at: Option<Time>,
    /// Whether the key writes only to calls that it, or a key that it replaced, started.
    pub own_calls_only: bool,
    /// The networks from which the key may be used; null for all.
    #[schema(required)]
    pub allowed_networks: Option<Vec<String>>,
    /// When the key was last used, accurate to about a minute.
    #[schema(required)]
    pub last_used_at: Option<Time>,
    /// The id of the key that replaces this one since its rotation.
    #[schema(required)]
    pub replaced_by: Option<Uuid>,
}

impl From<service::ApiKey> for ApiKey {
    fn from(key: service::ApiKey) -> Self {
        Self {
            id: key.id,
            label: key.label,
            scope: key.scope.into(),
            created_at: Time(key.created_at),
            expires_at: key.expires_at.map(Time),
            revoked_at: key.revoked_at.map(Time),
            own_calls_only: key.own_calls_only,
            allowed_networks: key.allowed_networks.map(|networks| networks.iter().map(ToString::to_string).collect()),
            last_used_at: key.last_used_at.map(Time),
            replaced_by: key.replaced_by,
        }
    }
}

impl ApiKey {
    /// The key of a voice agent.
    #[must_use]
    pub(crate) fn sample() -> Self {
        Self {
            id: Uuid::from_u128(0x0190_5f3c_0f1e_7d2c_9b3a_4958_6776_8594),
            label: Some("voice agent".to_owned()),
            scope: Scope::Ingest,
            created_at: Time::SAMPLE,
            expires_at: None,
            revoked_at: None,
            own_calls_only: true,
            allowed_networks: Some(vec!["10.0.0.0/8".to_owned()]),
            last_used_at: Some(Time::sample_after(60)),
            replaced_by: None,
        }
    }
}
