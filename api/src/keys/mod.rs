//! API keys: the routes.

pub(crate) mod create;
mod list;
pub(crate) mod model;
mod revoke;
pub(crate) mod rotate;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create::create_key).service(list::list_keys).service(revoke::revoke_key).service(rotate::rotate_key);
}
