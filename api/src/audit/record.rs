//! Which requests are entered in the audit, and what is said of them.

use std::{
    collections::HashSet,
    convert::Infallible,
    future::{Ready, ready},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::{Payload, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderName},
    },
};
use percent_encoding::percent_decode_str;
use service::{Actor, Author, Callstore, NewAuditEntry};

use crate::{
    access::{
        audited::Audited,
        paths::{KnownOperation, StandIn},
    },
    request::{RequestId, Target, request_id},
    vendors::Vendor,
};

/// How many clients of calls are remembered; beyond, all are entered anew.
const REMEMBERED: usize = 100_000;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Enters requests.
pub(crate) struct Audit {
    callstore: Callstore,
    /// Which clients have added audio to which calls, by a hash.
    clients: Mutex<HashSet<u64>>,
}

impl Audit {
    /// Nothing is entered yet.
    pub(crate) fn new(callstore: Callstore) -> Self {
        Self { callstore, clients: Mutex::default() }
    }

    /// Enters an answered request, if it is one to be entered. Refusals are counted, since anyone could fill the audit
    /// with them.
    pub(crate) async fn enter(&self, operation: &KnownOperation, response: &ServiceResponse, request_id: &RequestId) {
        let (request, status) = (response.request(), response.status());
        let wanted = match operation.audited {
            Audited::Never => false,
            Audited::Always | Audited::First => true,
            Audited::WithParts => form_urlencoded::parse(request.query_string().as_bytes())
                .any(|(name, value)| (name == "include" && !value.is_empty()) || asks_for_contents(&name)),
        };
        let entry = || {
            let entry = entry_of(request, &operation.id, request_id);
            NewAuditEntry { status: status.as_u16(), ..entry }
        };
        if status.is_client_error() && (wanted || is_denied(status)) && !operation.id.is_empty() {
            return self.callstore.audit.refuse(entry()).await;
        }
        if !wanted || status.is_server_error() || status.is_client_error() {
            return;
        }
        if request.extensions().contains::<EntersItself>() && status.is_success() {
            return;
        }
        if operation.audited == Audited::First && (!status.is_success() || !self.is_first(request)) {
            return;
        }
        let made = response.headers().get(header::LOCATION).and_then(|path| path.to_str().ok());
        let made = made.filter(|_| status == StatusCode::CREATED);
        let resource = made.map_or_else(|| resource(request), str::to_owned);
        self.callstore.audit.add(NewAuditEntry { resource, ..entry() }).await;
    }

    /// Whether a client asks for a path for the first time, as far as is remembered.
    fn is_first(&self, request: &HttpRequest) -> bool {
        let mut hasher = DefaultHasher::new();
        let key = request.extensions().get::<Author>().and_then(Author::key_id);
        (key, request.peer_addr().map(|address| address.ip()), request.path()).hash(&mut hasher);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= REMEMBERED {
            clients.clear();
        }
        clients.insert(hasher.finish())
    }
}

/// Whether a parameter of a list asks which calls hold something. Asked again and again, that spells out transcripts
/// and custom data.
fn asks_for_contents(name: &str) -> bool {
    name == "q" || name.starts_with("customData.")
}

/// Whether a status says that the caller may not ask, or not now.
pub(crate) fn is_denied(status: StatusCode) -> bool {
    [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS].contains(&status)
}

/// For operations that enter themselves with what they change.
#[derive(Debug)]
pub(crate) struct Entry(HttpRequest);

/// Among the extensions of a request that is entered with what it changes, if it succeeds.
struct EntersItself;

impl FromRequest for Entry {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.clone())))
    }
}

impl Entry {
    /// What is entered when the request succeeds, which is then answered with this status.
    pub(crate) fn of(&self, success: StatusCode) -> NewAuditEntry {
        let request = &self.0;
        request.extensions_mut().insert(EntersItself);
        let target = request.extensions().get::<Target>().cloned();
        let operation = target.as_ref().and_then(Target::operation).map_or("", |operation| &operation.id);
        NewAuditEntry { status: success.as_u16(), ..entry_of(request, operation, &request_id(request)) }
    }
}

/// What is said of a request, but for what came of it.
pub(crate) fn entry_of(request: &HttpRequest, operation: &str, request_id: &RequestId) -> NewAuditEntry {
    let extensions = request.extensions();
    let author = extensions.get::<Author>();
    let key_id = author.and_then(Author::key_id);
    let by_token = author.is_some_and(Author::has_token);
    let actor = match (key_id, extensions.get::<StandIn>()) {
        (Some(_), _) if by_token => Actor::Token,
        (Some(_), _) => Actor::Key,
        (None, Some(StandIn::Link)) => Actor::Link,
        (None, Some(StandIn::Twilio)) => Actor::Twilio,
        (None, Some(StandIn::Vendor(vendor))) => match vendor {
            Vendor::Twilio => Actor::Twilio,
            Vendor::Plivo => Actor::Plivo,
            Vendor::Vonage => Actor::Vonage,
            Vendor::Genesys => Actor::Genesys,
        },
        (None, None) => Actor::Anyone,
    };
    let forwarded_for = request.headers().get(FORWARDED_FOR).and_then(|value| value.to_str().ok());
    NewAuditEntry {
        actor,
        key_id,
        address: request.peer_addr().map(|address| address.ip().to_canonical().to_string()),
        forwarded_for: forwarded_for.map(str::to_owned),
        operation: operation.to_owned(),
        resource: resource(request),
        status: 0,
        count: 1,
        request_id: Some(request_id.text().to_owned()),
        server_request_id: Some(request_id.own),
    }
}

/// The path without its escapes, so that one thing has one name.
fn resource(request: &HttpRequest) -> String {
    percent_decode_str(request.path()).decode_utf8_lossy().into_owned()
}
