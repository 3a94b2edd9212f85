//! `createKey`.

use actix_web::{HttpResponse, http::header, post, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, NewKey, Private};
use utoipa::ToSchema;
use validator::Validate;

use super::model::{ApiKey, Scope};
use crate::{
    extract::{IdempotencyKey, Json, JsonBody, NoQuery, Query},
    problem::Problem,
    wire::Time,
};

/// A new API key.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateKey {
    /// What the key may do.
    scope: Scope,
    /// What the key is for.
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 128))]
    label: Option<String>,
    /// When the key expires: a time in the future. By default it never does.
    #[schema(inline)]
    expires_at: Option<Time>,
    /// Whether the key writes only to calls that it starts. For scope `ingest`.
    own_calls_only: Option<bool>,
    /// The networks from which the key may be used, such as `10.0.0.0/8` or `2001:db8::/32`. By default all.
    #[schema(min_items = 1, max_items = 64)]
    #[validate(length(min = 1, max = 64))]
    allowed_networks: Option<Vec<String>>,
}

impl JsonBody for CreateKey {}

impl CreateKey {
    fn sample() -> Self {
        Self {
            scope: Scope::Admin,
            label: Some("first admin".to_owned()),
            expires_at: None,
            own_calls_only: None,
            allowed_networks: None,
        }
    }
}

/// A new API key with its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedKey {
    /// The stored part.
    #[serde(flatten)]
    kept: ApiKey,
    /// The key itself. The service shows it only here.
    #[schema(value_type = String)]
    key: Private,
}

impl CreatedKey {
    pub(super) fn sample() -> Self {
        Self { kept: ApiKey::sample(), key: format!("cs_{}", "0123456789abcdef".repeat(3).split_at(43).0).into() }
    }
}

/// Create an API key
///
/// The response has the key itself, which the service does not store and never shows again. Once the first key exists,
/// every request needs one.
#[utoipa::path(
    operation_id = "createKey",
    tag = "Keys",
    security(("apiKey" = ["admin"])),
    request_body(content = CreateKey, description = "The key.", example = json!(CreateKey::sample())),
    responses(
        (status = 201, description = "The key is created.", body = CreatedKey,
            headers(("Location" = String, description = "The path that revokes the key.")),
            example = json!(CreatedKey::sample())),
        (status = 409, description = "`admin_key_required`: the first key must have the scope `admin`. `not_repeatable`: a retry shows the new key only to the API key that made it."),
    ),
)]
#[post("/admin/keys")]
pub(crate) async fn create_key(
    callstore: Data<Callstore>,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
    Json(body): Json<CreateKey>,
) -> Result<HttpResponse, Problem> {
    let expires_at = body.expires_at.map(|Time(time)| time);
    let new = NewKey {
        scope: body.scope.into(),
        label: body.label,
        expires_at,
        own_calls_only: body.own_calls_only.unwrap_or_default(),
        allowed_networks: body.allowed_networks,
    };
    let created = callstore.keys.create(new, idempotency.key()).await?;
    Ok(idempotency.answer(answer(created)))
}

/// The response that shows a new key.
pub(super) fn answer(created: service::CreatedKey) -> HttpResponse {
    let key = created.secret.expose().into();
    let path = format!("/admin/keys/{}", created.key.id);
    let kept = created.key.into();
    HttpResponse::Created().insert_header((header::LOCATION, path)).json(CreatedKey { kept, key })
}
