//! `createKey`.

use actix_web::{HttpResponse, http::header, post, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, NewKey, Private};
use utoipa::ToSchema;
use validator::Validate;

use super::{ApiKey, Scope};
use crate::{
    extract::{Json, JsonBody, NoQuery, Once, Query},
    problem::Problem,
    wire::Time,
};

/// A key to be made.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateKey {
    /// What it may do.
    scope: Scope,
    /// What it is for.
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    label: Option<String>,
    /// From when on it is not taken, a time in the future; never unless given.
    #[schema(inline)]
    expires_at: Option<Time>,
}

impl JsonBody for CreateKey {}

impl CreateKey {
    fn sample() -> Self {
        let sample = ApiKey::sample();
        Self { scope: sample.scope, label: sample.label, expires_at: sample.expires_at }
    }
}

/// A key that was made, with the key itself.
#[derive(Serialize, ToSchema)]
pub struct CreatedKey {
    /// What is kept of it.
    #[serde(flatten)]
    kept: ApiKey,
    /// The key. It is shown this once.
    #[schema(value_type = String)]
    key: Private,
}

impl CreatedKey {
    fn sample() -> Self {
        Self { kept: ApiKey::sample(), key: format!("cs_{}", "0123456789abcdef".repeat(3).split_at(43).0).into() }
    }
}

/// Make a key
///
/// The answer holds the key itself, which is not kept and not shown again. From the first key on that is made, every request
/// needs one.
#[utoipa::path(
    operation_id = "createKey",
    tag = "Keys",
    security(("apiKey" = ["admin"])),
    request_body(content = CreateKey, description = "The key.", example = json!(CreateKey::sample())),
    responses((status = 201, description = "The key is made.", body = CreatedKey,
        headers(("Location" = String, description = "The path by which it is revoked.")),
        example = json!(CreatedKey::sample()))),
)]
#[post("/admin/keys")]
pub async fn create_key(
    callstore: Data<Callstore>,
    _: Query<NoQuery>,
    once: Once,
    Json(body): Json<CreateKey>,
) -> Result<HttpResponse, Problem> {
    let expires_at = body.expires_at.map(|Time(time)| time);
    let new = NewKey { scope: body.scope.into(), label: body.label, expires_at };
    let created = callstore.create_key(new, once.key()).await?;
    let key = created.secret.expose().into();
    let path = format!("/admin/keys/{}", created.key.id);
    Ok(once.answer(
        HttpResponse::Created()
            .insert_header((header::LOCATION, path))
            .json(CreatedKey { kept: created.key.into(), key }),
    ))
}
