//! Twilio's webhooks and signatures. Its streams are read like those of other platforms: `carriers`.

mod settings;
pub(crate) mod signature;
pub(crate) mod status;
mod twiml;
pub(crate) mod voice;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use settings::{SIGNATURE, Twilio, TwilioSettings};
pub(crate) use status::twilio_status_by_get;
pub(crate) use voice::twilio_voice_by_get;

/// Registers the webhooks.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(voice::twilio_voice).service(status::twilio_status);
}
