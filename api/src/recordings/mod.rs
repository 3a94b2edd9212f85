//! Recordings: the routes.

pub(crate) mod call_audio;
pub(crate) mod download;
mod get;
pub(crate) mod link;
mod list;
pub(crate) mod model;
pub(crate) mod peaks;
pub(crate) mod range;
mod serve;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_recordings)
        .service(get::get_recording)
        .service(download::download_recording)
        .service(call_audio::get_call_audio)
        .service(peaks::get_peaks)
        .service(peaks::get_call_peaks)
        .service(link::create_recording_link);
}
