//! Search: the routes.

pub(crate) mod find;
pub(crate) mod model;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(find::search_transcripts);
}
