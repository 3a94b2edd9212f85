//! Metadata of a call: the routes.

mod delete;
mod get;
pub(crate) mod model;
pub(crate) mod set;
pub(crate) mod update;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(get::get_metadata)
        .service(set::set_metadata)
        .service(update::update_metadata)
        .service(delete::delete_metadata);
}
