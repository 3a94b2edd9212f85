//! `updateMetadata`.

use actix_web::{HttpResponse, patch, web::Data};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use service::{Callstore, MetadataChange, Private};
use utoipa::ToSchema;
use validator::Validate;

use super::{CustomData, Metadata, set::answer};
use crate::{
    extract::{CallPath, Condition, Json, JsonBody, NoQuery, Query},
    problem::Problem,
    wire::double_option,
};

/// What changes: what is not given stays, null removes.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateMetadata {
    /// The language spoken.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub language: Option<Option<String>>,
    /// Where the caller is.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub region: Option<Option<String>>,
    /// What the caller calls with.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub device_type: Option<Option<String>>,
    /// How good the line is.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub network_quality: Option<Option<String>>,
    /// Merged into what is there; null inside removes a member.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<CustomData>)]
    pub custom_data: Option<Option<Private<Map<String, Value>>>>,
}

impl JsonBody for UpdateMetadata {
    const TYPES: &'static [&'static str] = &["application/json", "application/merge-patch+json"];
}

impl UpdateMetadata {
    fn sample() -> Self {
        Self { network_quality: Some(Some("poor".to_owned())), ..Self::default() }
    }
}

/// Change a call's metadata
///
/// A JSON merge patch (RFC 7396): what is not given stays as it is, null removes, objects in `customData` are merged.
#[utoipa::path(
    operation_id = "updateMetadata",
    tag = "Metadata",
    security(("apiKey" = ["ingest"])),
    params(
        ("If-Match" = Option<String>, Header, description = "Only if it has one of these ETags; `*`: only if it is there."),
        ("If-None-Match" = Option<String>, Header, description = "Only if it has none of these ETags; `*`: only if it is not there."),
    ),
    request_body(
        content((UpdateMetadata = "application/json", example = json!(UpdateMetadata::sample())),
            (UpdateMetadata = "application/merge-patch+json", example = json!(UpdateMetadata::sample()))),
        description = "What changes."),
    responses(
        (status = 200, description = "The metadata as it is now.", body = Metadata, example = json!(Metadata::sample())),
        (status = 201, description = "The call had none; now it has.", body = Metadata, example = json!(Metadata::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
        (status = 412, description = "`precondition_failed`: it has another ETag than the conditions allow."),
    ),
)]
#[patch("/calls/{call}/metadata")]
pub async fn update_metadata(
    callstore: Data<Callstore>,
    call: CallPath,
    _: Query<NoQuery>,
    Condition(condition): Condition,
    Json(body): Json<UpdateMetadata>,
) -> Result<HttpResponse, Problem> {
    let change = MetadataChange {
        language: body.language,
        region: body.region,
        device_type: body.device_type,
        network_quality: body.network_quality,
        custom_data: body.custom_data.map(|data| data.map(|data| data.map(Value::Object))),
    };
    Ok(answer(callstore.update_metadata(&call.0, change, condition).await?))
}
