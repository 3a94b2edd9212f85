//! What metadata is, before and after it is stored, and what of it a change changes.

use entity::call_metadata::Model;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Private, Timestamp,
    version::{Versioned, digest},
};

/// Descriptive data on a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// The call's id.
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
    pub custom_data: Option<Private<Value>>,
    /// When the call got its first metadata.
    pub created_at: Timestamp,
    /// When the metadata last changed.
    pub updated_at: Timestamp,
    /// The API key that last wrote it, or `token:` and the key that made the call token; `None` without a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

impl From<Model> for Metadata {
    fn from(row: Model) -> Self {
        Self {
            call_id: row.call_id,
            language: row.language,
            region: row.region,
            device_type: row.device_type,
            network_quality: row.network_quality,
            custom_data: row.custom_data,
            created_at: row.created_at,
            updated_at: row.updated_at,
            created_by: row.created_by,
        }
    }
}

impl Versioned for Metadata {
    fn version(&self) -> String {
        digest(self)
    }
}

impl Versioned for Model {
    fn version(&self) -> String {
        Metadata::from(self.clone()).version()
    }
}

/// A complete record of metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewMetadata {
    /// The language spoken.
    pub language: Option<String>,
    /// The caller's region.
    pub region: Option<String>,
    /// The caller's type of device.
    pub device_type: Option<String>,
    /// Quality of the line.
    pub network_quality: Option<String>,
    /// Free-form metadata, a JSON object.
    pub custom_data: Option<Private<Value>>,
}

/// Changes to metadata: `None` keeps a field, `Some(None)` removes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataChange {
    /// The language spoken.
    pub language: Option<Option<String>>,
    /// The caller's region.
    pub region: Option<Option<String>>,
    /// The caller's type of device.
    pub device_type: Option<Option<String>>,
    /// Quality of the line.
    pub network_quality: Option<Option<String>>,
    /// Merged into the stored object by the rules of RFC 7396.
    pub custom_data: Option<Option<Private<Value>>>,
}

/// The stored metadata, and whether it is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataSet {
    /// The metadata.
    pub metadata: Metadata,
    /// Whether the call had none before.
    pub created: bool,
}
