//! Analytics of a call: the routes.

pub(crate) mod add;
mod list;
pub(crate) mod model;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(add::add_analytics).service(list::list_analytics);
}
