//! `setMetadata`.

use actix_web::{HttpResponse, http::header, put, web::Data};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use service::{Callstore, MetadataSet, NewMetadata, Private};
use utoipa::ToSchema;
use validator::Validate;

use super::model::{CustomData, Metadata};
use crate::{
    extract::{By, CallPath, Condition, Json, JsonBody, NoQuery, Query, etag},
    problem::Problem,
};

/// The whole metadata of a call. Absent fields are removed.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SetMetadata {
    /// The language of the call, such as `en-US`.
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub language: Option<String>,
    /// The caller's region.
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub region: Option<String>,
    /// The caller's device, such as `mobile`.
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub device_type: Option<String>,
    /// The quality of the line.
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub network_quality: Option<String>,
    /// A JSON object with your own data.
    #[schema(value_type = Option<CustomData>)]
    pub custom_data: Option<Private<Map<String, Value>>>,
}

impl JsonBody for SetMetadata {}

impl SetMetadata {
    fn sample() -> Self {
        let sample = Metadata::sample();
        Self {
            language: sample.language,
            region: sample.region,
            device_type: sample.device_type,
            network_quality: sample.network_quality,
            custom_data: sample.custom_data,
        }
    }
}

/// Set a call's metadata
///
/// Replaces the metadata. Absent fields are removed; use `updateMetadata` to change single fields.
#[utoipa::path(
    operation_id = "setMetadata",
    tag = "Metadata",
    security(("apiKey" = ["ingest"]), ("apiKey" = ["call"])),
    params(
        ("If-Match" = Option<String>, Header, description = "Apply the change only if one of these ETags is current; `*`: only if it exists."),
        ("If-None-Match" = Option<String>, Header, description = "Apply the change only if none of these ETags is current; `*`: only if it does not exist."),
    ),
    request_body(content = SetMetadata, description = "The metadata.", example = json!(SetMetadata::sample())),
    responses(
        (status = 200, description = "The metadata is replaced.", body = Metadata, example = json!(Metadata::sample())),
        (status = 201, description = "The metadata is created.", body = Metadata, example = json!(Metadata::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
        (status = 412, description = "`precondition_failed`: it has changed (ETag mismatch). Fetch it and retry."),
    ),
)]
#[put("/calls/{call}/metadata")]
pub(crate) async fn set_metadata(
    callstore: Data<Callstore>,
    call: CallPath,
    By(author): By,
    _: Query<NoQuery>,
    Condition(condition): Condition,
    Json(body): Json<SetMetadata>,
) -> Result<HttpResponse, Problem> {
    let new = NewMetadata {
        language: body.language,
        region: body.region,
        device_type: body.device_type,
        network_quality: body.network_quality,
        custom_data: body.custom_data.map(|data| data.map(Value::Object)),
    };
    Ok(answer(callstore.metadata.set(&call.0, new, author, condition).await?))
}

/// 201 where there was none before.
pub(crate) fn answer(set: MetadataSet) -> HttpResponse {
    let mut response = if set.created { HttpResponse::Created() } else { HttpResponse::Ok() };
    response.insert_header((header::ETAG, etag(&set.metadata))).json(Metadata::from(set.metadata))
}
