//! `revokeKey`.

use actix_web::{HttpResponse, delete, web::Data};
use serde::Deserialize;
use service::Callstore;
use utoipa::IntoParams;
use validator::Validate;

use crate::{
    extract::{KeyPath, Query},
    problem::Problem,
};

/// How to revoke.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeKeyQuery {
    /// Revoke the key even if no other admin key is usable for the next 7 days.
    #[serde(default)]
    force: bool,
}

/// Revoke an API key
///
/// The service rejects the key from now on. This cannot be undone. `listKeys` still shows the key, as revoked. The last
/// admin key that is usable for the next 7 days is revoked only with `force=true`: without an admin key, nobody can
/// manage keys, delete calls or read the audit over HTTP.
#[utoipa::path(
    operation_id = "revokeKey",
    tag = "Keys",
    security(("apiKey" = ["admin"])),
    params(RevokeKeyQuery),
    responses(
        (status = 204, description = "The key is revoked."),
        (status = 404, description = "`key_not_found`: no key has this id."),
        (status = 409, description = "`last_admin_key`: no other admin key is usable for the next 7 days."),
    ),
)]
#[delete("/admin/keys/{id}")]
pub(crate) async fn revoke_key(
    callstore: Data<Callstore>,
    key: KeyPath,
    Query(query): Query<RevokeKeyQuery>,
) -> Result<HttpResponse, Problem> {
    callstore.keys.revoke(key.0, query.force).await?;
    Ok(HttpResponse::NoContent().finish())
}
