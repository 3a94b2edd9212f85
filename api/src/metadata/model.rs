//! Metadata on the wire.

use serde::Serialize;
use serde_json::{Map, Value, json};
use service::Private;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};
use uuid::Uuid;

use crate::wire::{Time, free_form, object};

/// Free-form metadata of a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    /// The call's id.
    pub call_id: Uuid,
    /// The language of the call, such as `en-US`.
    #[schema(required)]
    pub language: Option<String>,
    /// The caller's region.
    #[schema(required)]
    pub region: Option<String>,
    /// The caller's device, such as `mobile`.
    #[schema(required)]
    pub device_type: Option<String>,
    /// The quality of the line.
    #[schema(required)]
    pub network_quality: Option<String>,
    /// A JSON object with your own data.
    #[schema(required, value_type = Option<CustomData>)]
    pub custom_data: Option<Private<Map<String, Value>>>,
    /// When the metadata was created.
    pub created_at: Time,
    /// When the metadata last changed.
    pub updated_at: Time,
    /// The id of the key that last wrote it, after `token:` if by a call token. Null without a key.
    #[schema(required)]
    pub created_by: Option<String>,
}

/// The schema of `customData`.
pub(crate) struct CustomData;

impl PartialSchema for CustomData {
    fn schema() -> RefOr<Schema> {
        free_form("Any JSON object, at most 64 KiB and 16 levels deep.", json!({ "campaign": "spring" }))
    }
}

impl ToSchema for CustomData {}

impl From<service::Metadata> for Metadata {
    fn from(metadata: service::Metadata) -> Self {
        Self {
            call_id: metadata.call_id,
            language: metadata.language,
            region: metadata.region,
            device_type: metadata.device_type,
            network_quality: metadata.network_quality,
            custom_data: object(metadata.custom_data.map(Private::into_inner)).map(Private::new),
            created_at: Time(metadata.created_at),
            updated_at: Time(metadata.updated_at),
            created_by: metadata.created_by,
        }
    }
}

impl Metadata {
    /// What an agent knows of a caller.
    #[must_use]
    pub(crate) fn sample() -> Self {
        Self {
            call_id: Uuid::from_u128(0x0190_5f3c_2b7a_7c11_9d4e_5a6b_7c8d_9e0f),
            language: Some("en-US".to_owned()),
            region: Some("California".to_owned()),
            device_type: Some("mobile".to_owned()),
            network_quality: Some("good".to_owned()),
            custom_data: object(Some(json!({ "campaign": "spring" }))).map(Private::new),
            created_at: Time::SAMPLE,
            updated_at: Time::SAMPLE,
            created_by: None,
        }
    }
}
