//! Events of calls: the route.

mod list;
pub(crate) mod model;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operation.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list::list_call_events);
}
