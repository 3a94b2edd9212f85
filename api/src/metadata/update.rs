//! `updateMetadata`.

use actix_web::{HttpResponse, patch, web::Data};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use service::{Callstore, MetadataChange, Private};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    model::{CustomData, Metadata},
    set::answer,
};
use crate::{
    extract::{By, CallPath, Condition, Json, JsonBody, NoQuery, Query},
    problem::Problem,
    wire::double_option,
};

/// Changes to metadata. Absent fields stay; null removes a value.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateMetadata {
    /// The language of the call, such as `en-US`.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub language: Option<Option<String>>,
    /// The caller's region.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub region: Option<Option<String>>,
    /// The caller's device, such as `mobile`.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub device_type: Option<Option<String>>,
    /// The quality of the line.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub network_quality: Option<Option<String>>,
    /// Merged into the stored object; a null member removes that member.
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

/// Update a call's metadata
///
/// A JSON merge patch (RFC 7396): absent fields stay, null removes a value, objects in `customData` are merged.
#[utoipa::path(
    operation_id = "updateMetadata",
    tag = "Metadata",
    security(("apiKey" = ["ingest"]), ("apiKey" = ["call"])),
    params(
        ("If-Match" = Option<String>, Header, description = "Apply the change only if one of these ETags is current; `*`: only if it exists."),
        ("If-None-Match" = Option<String>, Header, description = "Apply the change only if none of these ETags is current; `*`: only if it does not exist."),
    ),
    request_body(
        content((UpdateMetadata = "application/json", example = json!(UpdateMetadata::sample())),
            (UpdateMetadata = "application/merge-patch+json", example = json!(UpdateMetadata::sample()))),
        description = "The fields to change."),
    responses(
        (status = 200, description = "The updated metadata.", body = Metadata, example = json!(Metadata::sample())),
        (status = 201, description = "The metadata is created.", body = Metadata, example = json!(Metadata::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
        (status = 412, description = "`precondition_failed`: it has changed (ETag mismatch). Fetch it and retry."),
    ),
)]
#[patch("/calls/{call}/metadata")]
pub(crate) async fn update_metadata(
    callstore: Data<Callstore>,
    call: CallPath,
    By(author): By,
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
    Ok(answer(callstore.metadata.update(&call.0, change, author, condition).await?))
}
