//! Recordings: the routes.

pub(crate) mod download;
mod get;
pub(crate) mod link;
mod list;
pub(crate) mod model;
pub(crate) mod range;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_recordings)
        .service(get::get_recording)
        .service(download::download_recording)
        .service(link::create_recording_link);
}
