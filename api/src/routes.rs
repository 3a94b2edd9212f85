//! Every operation, registered once: the router and the OpenAPI document both come from here.

use utoipa_actix_web::service_config::ServiceConfig;

use crate::{analytics, audio, audit, calls, chunks, events, keys, metadata, recordings, system, transcripts, twilio};

/// Registers all operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        // The first is found first, and no other is asked for as often.
        .configure(chunks::routes)
        .configure(calls::routes)
        .configure(recordings::routes)
        .configure(transcripts::routes)
        .configure(events::routes)
        .configure(analytics::routes)
        .configure(metadata::routes)
        .configure(audio::routes)
        .configure(keys::routes)
        .configure(audit::routes)
        .configure(twilio::routes)
        .configure(system::routes);
}
