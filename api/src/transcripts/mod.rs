//! Transcripts: the routes.

pub(crate) mod add;
pub(crate) mod add_batch;
mod captions;
mod format;
pub(crate) mod list;
pub(crate) mod model;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(add::add_transcript).service(add_batch::add_transcripts).service(list::list_transcripts);
}
