//! Transcripts: the routes.

pub(crate) mod add;
pub(crate) mod add_batch;
mod captions;
mod delete;
mod format;
mod import;
pub(crate) mod list;
pub(crate) mod model;
pub(crate) mod update;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(add::add_transcript)
        .service(add_batch::add_transcripts)
        .service(list::list_transcripts)
        .service(import::import_transcripts)
        .service(update::update_transcript)
        .service(delete::delete_transcript);
}
