//! Twilio Media Streams and Telnyx's dialect: a WebSocket that carries one phone call; and Twilio's webhooks.

mod admission;
mod carrier;
pub(crate) mod dialect;
mod ending;
pub(crate) mod message;
mod settings;
pub(crate) mod signature;
pub(crate) mod start;
pub(crate) mod status;
mod stream;
mod twiml;
pub(crate) mod voice;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use service::{Callstore, NewAuditEntry};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    audit::record::entry_of,
    extract::By,
    limits::MEDIA_MESSAGE_MAX_BYTES,
    problem::Problem,
    request::request_id,
    socket::{Skipped, Socket, check_handshake},
};
use carrier::CarrierSocket;
pub(crate) use settings::{Twilio, TwilioSettings};
pub(crate) use status::twilio_status_by_get;
pub(crate) use voice::twilio_voice_by_get;

/// Registers the webhooks.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(voice::twilio_voice).service(status::twilio_status);
}

/// The operation's name in the audit log.
const STREAM: &str = "twilioStream";

/// Handles `GET /twilio/stream`. Not an OpenAPI operation, since OpenAPI cannot describe WebSockets.
pub(crate) async fn open_twilio_stream(
    callstore: Data<Callstore>,
    twilio: Data<Twilio>,
    request: HttpRequest,
    By(author): By,
) -> Result<HttpResponse, Problem> {
    check_handshake(&request)?;
    twilio.check_socket(&request)?;
    let (guarded, arrival) = (twilio.is_guarded(), Some(callstore.streams.note_arrival()));
    let entry = entry_of(&request, STREAM, &request_id(&request));
    let entry = Some(Box::new(NewAuditEntry { status: StatusCode::SWITCHING_PROTOCOLS.as_u16(), ..entry }));
    let (callstore, skipped) = (Callstore::clone(&callstore), Skipped::default());
    let carrier =
        CarrierSocket { callstore, author, guarded, arrival, entry, stream: None, name: None, seen: None, skipped };
    Ok(Socket::accept(&request, MEDIA_MESSAGE_MAX_BYTES, |socket| carrier.run(socket)))
}
