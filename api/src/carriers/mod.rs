//! Streams of voice platforms: WebSockets at `/streams`, and Asterisk's `AudioSocket` over TCP. The crate `dialects`
//! reads their messages; here they become calls.

mod admission;
pub(crate) mod audiosocket;
mod ending;
pub(crate) mod opening;
mod session;
mod socket;
mod stream;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL},
    },
    web::Data,
};
use dialects::{Context, SUBPROTOCOLS, Stream};
use service::{Author, Callstore, Ids, NewAuditEntry};
use tokio::time::Instant;

use crate::{
    access::paths::StandIn,
    audit::record::entry_of,
    extract::By,
    limits::MEDIA_MESSAGE_MAX_BYTES,
    problem::Problem,
    request::request_id,
    socket::{Socket, check_handshake, offers},
    vendors::{Vendor, Vendors},
};
use admission::Admission;
use session::Session;
use socket::CarrierSocket;

/// The operation's name in the audit log.
const STREAM: &str = "twilioStream";
/// The header in which Genesys names the organization whose conversation it is.
const ORGANIZATION: &str = "audiohook-organization-id";

/// Handles `GET /streams` and `GET /twilio/stream`. Not an OpenAPI operation, since OpenAPI cannot describe WebSockets.
pub(crate) async fn open_platform_stream(
    callstore: Data<Callstore>,
    vendors: Data<Vendors>,
    ids: Data<dyn Ids>,
    request: HttpRequest,
    By(author): By,
) -> Result<HttpResponse, Problem> {
    check_handshake(&request)?;
    // Before anything is waited for, so that sockets of a stream keep their order.
    let arrival = callstore.streams.note_arrival();
    let stand_in = request.extensions().get::<StandIn>().copied();
    let admission = match stand_in.and_then(StandIn::vendor) {
        Some(vendor) => {
            if let Some(handshake) = vendors.check(vendor, &request, callstore.streams.now())? {
                handshake.use_once(&callstore.streams).await?;
            }
            Admission::Signed(vendor)
        }
        None if request.extensions().contains::<Author>() => Admission::Key,
        None => Admission::Open(vendors.into_inner()),
    };
    let mut session = Session::new(Callstore::clone(&callstore), author, admission, arrival);
    let entry = entry_of(&request, STREAM, &request_id(&request));
    session.entry = Some(Box::new(NewAuditEntry { status: StatusCode::SWITCHING_PROTOCOLS.as_u16(), ..entry }));
    let query = form_urlencoded::parse(request.query_string().as_bytes());
    let mut context = Context::new(query.into_owned(), ids.next().to_string());
    context.subprotocol = SUBPROTOCOLS.into_iter().find(|protocol| offers(&request, protocol));
    let organization = request.headers().get(ORGANIZATION).and_then(|value| value.to_str().ok());
    context.organization = organization.map(str::to_owned);
    let selected = context.subprotocol;
    let carrier = CarrierSocket { session, reader: Stream::new(context), opened: Instant::now() };
    let mut response = Socket::accept(&request, MEDIA_MESSAGE_MAX_BYTES, |socket| carrier.run(socket));
    if let Some(protocol) = selected {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    Ok(response)
}

impl StandIn {
    /// The platform whose signature stands in for a key.
    fn vendor(self) -> Option<Vendor> {
        match self {
            Self::Link => None,
            Self::Twilio => Some(Vendor::Twilio),
            Self::Vendor(vendor) => Some(vendor),
        }
    }
}
