//! `rotateKey`.

use std::time::Duration;

use actix_web::{HttpResponse, post, web::Data};
use serde::{Deserialize, Serialize};
use service::{
    Callstore,
    limits::{KEY_OVERLAP_DEFAULT_SECONDS, KEY_OVERLAP_MAX_SECONDS},
};
use utoipa::ToSchema;
use validator::Validate;

use super::create::{CreatedKey, answer};
use crate::{
    extract::{IdempotencyKey, JsonBody, KeyPath, NoQuery, OptionalJson, Query},
    problem::Problem,
    wire::number,
};

/// How to rotate.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RotateKey {
    /// How long the old key stays valid, in seconds. Defaults to 86,400 (a day); 0 ends it at once.
    #[serde(default, deserialize_with = "number::key_overlap")]
    #[schema(minimum = 0, maximum = 2_592_000, default = 86_400)]
    #[validate(range(min = 0, max = KEY_OVERLAP_MAX_SECONDS))]
    pub overlap_seconds: Option<u32>,
}

impl JsonBody for RotateKey {}

impl RotateKey {
    fn sample() -> Self {
        Self { overlap_seconds: Some(3_600) }
    }
}

/// Rotate an API key
///
/// Makes a key that replaces this one, with the same scope, label, limits and expiry. Calls that the old key started
/// are the new one's, too. The response has the new key, which the service never shows again. The old key stays valid
/// for `overlapSeconds`, and its call tokens as well.
#[utoipa::path(
    operation_id = "rotateKey",
    tag = "Keys",
    security(("apiKey" = ["admin"])),
    request_body(content = Option<RotateKey>, description = "The overlap. Optional.", example = json!(RotateKey::sample())),
    responses(
        (status = 201, description = "The new key.", body = CreatedKey,
            headers(("Location" = String, description = "The path that revokes the key.")),
            example = json!(CreatedKey::sample())),
        (status = 404, description = "`key_not_found`: no key has this id."),
        (status = 409, description = "`key_not_rotatable`: the key was revoked or rotated, has expired, or comes from the \
            admin key file. `not_repeatable`: a retry shows the new key only to the API key that made it."),
    ),
)]
#[post("/admin/keys/{id}/rotate")]
pub(crate) async fn rotate_key(
    callstore: Data<Callstore>,
    key: KeyPath,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
    OptionalJson(body): OptionalJson<RotateKey>,
) -> Result<HttpResponse, Problem> {
    let overlap = Duration::from_secs(body.overlap_seconds.unwrap_or(KEY_OVERLAP_DEFAULT_SECONDS).into());
    Ok(idempotency.answer(answer(callstore.keys.rotate(key.0, overlap, idempotency.key()).await?)))
}
