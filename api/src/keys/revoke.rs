//! `revokeKey`.

use actix_web::{HttpResponse, delete, web::Data};
use service::Callstore;

use crate::{
    extract::{KeyPath, NoQuery, Query},
    problem::Problem,
};

/// Revoke an API key
///
/// The service rejects the key from now on. This cannot be undone. `listKeys` still shows the key, as revoked.
#[utoipa::path(
    operation_id = "revokeKey",
    tag = "Keys",
    security(("apiKey" = ["admin"])),
    responses(
        (status = 204, description = "The key is revoked."),
        (status = 404, description = "`key_not_found`: no key has this id."),
    ),
)]
#[delete("/admin/keys/{id}")]
pub async fn revoke_key(callstore: Data<Callstore>, key: KeyPath, _: Query<NoQuery>) -> Result<HttpResponse, Problem> {
    callstore.revoke_key(key.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
