//! Converting audio between formats.

pub(crate) mod convert;
mod format;
pub(crate) mod model;
mod pieces;

pub(crate) use format::{Container, Preset};
use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(convert::convert_audio);
}
