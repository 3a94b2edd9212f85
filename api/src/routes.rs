//! Every operation, registered once: the router and the OpenAPI document both come from here.

use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    analytics, audio, audit, calls, chunks, events, keys, metadata, outbox, recordings, search, stats, system,
    transcripts, twilio, webhooks,
};

/// Registers all operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        // The router looks at one after the other; none is asked for as often as the first.
        .configure(chunks::routes)
        .configure(transcripts::routes)
        .configure(calls::routes)
        .configure(recordings::routes)
        .configure(search::routes)
        .configure(events::routes)
        .configure(outbox::routes)
        .configure(analytics::routes)
        .configure(metadata::routes)
        .configure(stats::routes)
        .configure(audio::routes)
        .configure(keys::routes)
        .configure(webhooks::routes)
        .configure(audit::routes)
        .configure(twilio::routes)
        .configure(system::routes);
}
