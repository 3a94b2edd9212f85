//! Statistics: the routes.

pub(crate) mod calls;
mod model;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(calls::get_call_stats);
}
