//! Operations about the service itself: liveness, readiness, metrics, and explanations of its problems.

mod livez;
mod metrics;
mod problems;
mod readyz;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use metrics::{install_metrics, keep_metrics};

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(livez::get_livez)
        .service(readyz::get_readyz)
        .service(metrics::get_metrics)
        .service(problems::get_problem);
}
