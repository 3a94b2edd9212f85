//! What happened in the store: as a list, and as a stream of events.

mod list;
pub(crate) mod model;
mod stream;
mod types;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list::list_events).service(stream::stream_events);
}
