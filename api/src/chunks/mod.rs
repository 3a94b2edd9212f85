//! Audio chunks: the routes.

pub(crate) mod add;
pub(crate) mod add_batch;
pub(crate) mod media;
pub(crate) mod model;
mod status;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(add::add_audio_chunk).service(add_batch::add_audio_chunks).service(status::get_chunk_status);
}
