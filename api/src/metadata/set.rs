//! `setMetadata`.

use actix_web::{HttpResponse, http::header, put, web::Data};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use service::{Callstore, MetadataSet, NewMetadata, Private};
use utoipa::ToSchema;
use validator::Validate;

use super::{CustomData, Metadata};
use crate::{
    extract::{CallPath, Condition, Json, JsonBody, NoQuery, Query, etag},
    problem::Problem,
};

/// Metadata as a whole: what is not given is removed.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetMetadata {
    /// The language spoken.
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub language: Option<String>,
    /// Where the caller is.
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub region: Option<String>,
    /// What the caller calls with.
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub device_type: Option<String>,
    /// How good the line is.
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    pub network_quality: Option<String>,
    /// Anything else: at most 64 KiB of JSON, 16 levels deep.
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
/// Replaces all of it: what is not given is removed. `PATCH` changes single fields.
#[utoipa::path(
    operation_id = "setMetadata",
    tag = "Metadata",
    security(("apiKey" = ["ingest"])),
    params(
        ("If-Match" = Option<String>, Header, description = "Only if it has one of these ETags; `*`: only if it is there."),
        ("If-None-Match" = Option<String>, Header, description = "Only if it has none of these ETags; `*`: only if it is not there."),
    ),
    request_body(content = SetMetadata, description = "The metadata.", example = json!(SetMetadata::sample())),
    responses(
        (status = 200, description = "The metadata is replaced.", body = Metadata, example = json!(Metadata::sample())),
        (status = 201, description = "The call had none; now it has.", body = Metadata, example = json!(Metadata::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
        (status = 412, description = "`precondition_failed`: it has another ETag than the conditions allow."),
    ),
)]
#[put("/calls/{call}/metadata")]
pub async fn set_metadata(
    callstore: Data<Callstore>,
    call: CallPath,
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
    Ok(answer(callstore.set_metadata(&call.0, new, condition).await?))
}

/// 201 where there was none before.
pub fn answer(set: MetadataSet) -> HttpResponse {
    let mut response = if set.created { HttpResponse::Created() } else { HttpResponse::Ok() };
    response.insert_header((header::ETAG, etag(&set.metadata))).json(Metadata::from(set.metadata))
}
