//! The service itself: whether it lives, whether it can work, its metrics, and what its problems mean.

mod livez;
mod metrics;
mod problems;
mod readyz;

use utoipa_actix_web::service_config::ServiceConfig;

pub use metrics::{install_metrics, keep_metrics};

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(livez::get_livez)
        .service(readyz::get_readyz)
        .service(metrics::get_metrics)
        .service(problems::get_problem);
}
