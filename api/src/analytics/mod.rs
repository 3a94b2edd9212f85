//! Analytics of a call: the routes.

pub(crate) mod add;
mod computed;
mod list;
pub(crate) mod model;
mod speech;
mod units;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(add::add_analytics)
        .service(list::list_analytics)
        .service(computed::get_computed_analytics)
        .service(speech::list_speech);
}
