//! The audit log: its route, and what is written to it.

mod list;
pub(crate) mod model;
pub(crate) mod record;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operation.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list::list_audit);
}
