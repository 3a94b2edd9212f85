//! Authorization and rate limits. Every request passes through here before its operation runs.

pub(crate) mod audited;
mod buckets;
pub(crate) mod headers;
pub(crate) mod hosts;
pub(crate) mod paths;
mod rate;

use std::time::Instant;

use actix_cors::Cors;
use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use service::{Callstore, KeyRefusal};

use self::{
    hosts::{Hosts, Origins},
    paths::{Need, StandIn},
    rate::{Client, Rates, Standing},
};
use crate::{
    keys::model::Scope,
    problem::{Problem, ProblemCode},
    request::{KeyId, Target, expect_operation},
};

/// The scheme of the `Authorization` header.
const BEARER: &str = "Bearer ";
/// How long browsers may cache the response to a preflight, in seconds.
const PREFLIGHT_SECONDS: usize = 3600;

/// The settings that the rules follow from.
pub(crate) struct Rules {
    /// Hosts that requests may name before the first key exists.
    pub hosts: Hosts,
    /// Origins whose web pages may use the API.
    pub origins: Origins,
    /// Without keys, accept every host and origin.
    pub insecure_no_auth: bool,
    /// Whether Twilio's requests are verified by their signatures.
    pub twilio_signs: bool,
    /// Requests per second of a client; `None` for the default, 0 for no limit.
    pub rate_limit: Option<u32>,
}

/// The rules that every request must satisfy.
pub(crate) struct Access {
    callstore: Callstore,
    hosts: Hosts,
    origins: Origins,
    /// `--insecure-no-auth`: without keys, accept every host and origin.
    open: bool,
    twilio_signs: bool,
    rates: Option<Rates>,
}

impl Access {
    /// Requires API keys once there is one. Until then, it requires known hosts and origins, unless the service runs
    /// with `insecure_no_auth`. With `twilio_signs`, requests from Twilio need a signature instead.
    pub(crate) fn new(callstore: Callstore, rules: Rules) -> Self {
        let Rules { hosts, origins, insecure_no_auth, twilio_signs, rate_limit } = rules;
        let rates = Rates::new(rate_limit);
        Self { callstore, hosts, origins, open: insecure_no_auth, twilio_signs, rates }
    }

    /// Whether pages of other origins may use this service.
    pub(crate) fn shares(&self) -> bool {
        !self.origins.is_empty()
    }

    /// Whether a request may be made, and the client's remaining quota, if limited.
    fn check(&self, request: &ServiceRequest) -> Result<Option<Standing>, Problem> {
        let admitted = self.admit(request);
        let limited = self.rates.as_ref().and_then(|rates| Some((rates, rates.address_of(request.peer_addr()?.ip())?)));
        let Some((rates, address)) = limited else { return admitted.map(|_| None) };
        let (client, requests) = match &admitted {
            Ok(Some(key)) => (Client::Key(key), 1),
            Ok(None) => (Client::Address(address), 1),
            Err(refusal) if refusal.code() == ProblemCode::Unauthorized => {
                (Client::Address(address), rates.requests_of_refused_key())
            }
            Err(_) => (Client::Address(address), 1),
        };
        let standing = rates.spend(client, requests, Instant::now())?;
        admitted.map(|_| Some(standing))
    }

    /// Whether a request may be made, and the API key that it was made with, if it needs one.
    fn admit<'a>(&self, request: &'a ServiceRequest) -> Result<Option<&'a str>, Problem> {
        let keyed = self.callstore.keys.are_required();
        let target = request.extensions().get::<Target>().cloned();
        let need = expect_operation(target.as_ref()).map(|operation| &operation.need);
        if let Ok(Need::Key { or: Some(other), .. }) = need
            && self.is_signed(request, *other)
        {
            request.extensions_mut().insert(*other);
            return Ok(None);
        }
        if !keyed && !self.open {
            self.hosts.check(request, &self.origins)?;
        }
        match need? {
            Need::Key { scopes, .. } if keyed => self.check_key(request, scopes),
            Need::Key { .. } | Need::Nothing => Ok(None),
        }
    }

    /// Whether the operation will verify a signature itself, and reject the request if it is invalid.
    fn is_signed(&self, request: &ServiceRequest, by: StandIn) -> bool {
        match by {
            StandIn::Twilio => self.twilio_signs,
            StandIn::Link => {
                let query = request.query_string();
                !query.is_empty() && form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "signature")
            }
        }
    }

    /// Whether the request's key was made so recently that only the database knew it.
    async fn has_new_key(&self, request: &ServiceRequest) -> bool {
        match bearer(request.headers()) {
            Some(key) => self.callstore.keys.find_new(key).await,
            None => false,
        }
    }

    fn check_key<'a>(&self, request: &'a ServiceRequest, scopes: &[Scope]) -> Result<Option<&'a str>, Problem> {
        let headers = request.headers();
        let key = bearer(headers).ok_or_else(|| {
            let given = headers.contains_key(header::AUTHORIZATION);
            unauthorized(if given {
                "The Authorization header is malformed. Send it as Authorization: Bearer KEY."
            } else {
                "The request has no API key. Send it as Authorization: Bearer KEY."
            })
        })?;
        if request.head().upgrade() {
            // A WebSocket outlives its request: the grant tells it when the key ends.
            request.extensions_mut().insert(self.callstore.keys.grant_of(key));
        }
        let (id, scope) = self.callstore.keys.check(key).map_err(refused)?;
        request.extensions_mut().insert(KeyId(id));
        let scope = Scope::from(scope);
        if scope == Scope::Admin || scopes.contains(&scope) {
            return Ok(Some(key));
        }
        let needed: Vec<_> = scopes.iter().map(|scope| scope.name()).collect();
        let detail = format!(
            "This operation needs a key of scope {}; this key has {}. Use another key.",
            needed.join(" or "),
            scope.name()
        );
        Err(Problem::new(ProblemCode::Forbidden, detail))
    }
}

/// Checks the API key again after a slow body. The key may have been revoked or have expired meanwhile.
///
/// # Errors
/// If the key is no longer valid, the reason.
pub(crate) fn check_key_again(request: &HttpRequest) -> Result<(), Problem> {
    let by_key = request.extensions().contains::<KeyId>();
    match (bearer(request.headers()), request.app_data::<Data<Access>>()) {
        (Some(key), Some(access)) if by_key => access.callstore.keys.check(key).map(drop).map_err(refused),
        _ => Ok(()),
    }
}

fn refused(refusal: KeyRefusal) -> Problem {
    unauthorized(match refusal {
        KeyRefusal::Unknown => "Unknown API key.",
        KeyRefusal::Revoked => "The API key was revoked. Use another one.",
        KeyRefusal::Expired => "The API key has expired. Use another one.",
    })
}

/// The API key in a request's only `Authorization` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(header::AUTHORIZATION);
    let only = given.next().filter(|_| given.next().is_none())?.to_str().ok()?;
    let (scheme, key) = only.split_at_checked(BEARER.len())?;
    scheme.eq_ignore_ascii_case(BEARER).then(|| key.trim_matches(' ')).filter(|key| !key.is_empty())
}

fn unauthorized(detail: &str) -> Problem {
    let scheme = HeaderValue::from_static("Bearer");
    Problem::new(ProblemCode::Unauthorized, detail).with_header(header::WWW_AUTHENTICATE, scheme)
}

/// The middleware that this module describes.
pub(crate) async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let checked = match request.app_data::<Data<Access>>() {
        Some(access) => match access.check(&request) {
            Err(problem) if problem.code() == ProblemCode::Unauthorized && access.has_new_key(&request).await => {
                access.check(&request)
            }
            checked => checked,
        },
        None => Err(Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR)),
    };
    match checked {
        Ok(standing) => {
            let mut response = next.call(request).await?.map_into_left_body();
            if let Some(standing) = standing {
                standing.tell(response.headers_mut());
            }
            Ok(response)
        }
        Err(problem) => Ok(request.error_response(problem).map_into_right_body()),
    }
}

/// Lets pages of the listed origins make requests and read responses. They send API keys themselves; cookies are not
/// accepted.
pub(crate) fn cors(origins: &Origins) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allow_any_header()
        .expose_headers([
            "content-range",
            "etag",
            "idempotent-replayed",
            "link",
            "location",
            "ratelimit",
            "ratelimit-policy",
            "retry-after",
            "www-authenticate",
            "x-request-id",
        ])
        .block_on_origin_mismatch(false)
        .max_age(PREFLIGHT_SECONDS);
    origins.iter().fold(cors, Cors::allowed_origin)
}
