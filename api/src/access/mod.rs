//! Authorization and rate limits. Every request passes through here before its operation runs.

pub(crate) mod audited;
pub(crate) mod bearer;
mod buckets;
pub(crate) mod headers;
pub(crate) mod hosts;
pub(crate) mod paths;
mod proxy;
mod rate;

use std::{borrow::Cow, sync::Arc, time::Instant};

use actix_cors::Cors;
use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
    web::Data,
};
use service::Callstore;

use self::{
    bearer::{check_key, has_new_key},
    hosts::{Hosts, Origins},
    paths::{Need, PLATFORM_STREAM, StandIn, TWILIO_STREAM},
    proxy::client_address,
    rate::{Client, Rates, Standing},
};
use crate::{
    problem::{Problem, ProblemCode},
    request::{Target, expect_operation, is_live},
    vendors::{Vendor, Vendors},
};
pub(crate) use bearer::check_key_again;

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
    /// The platforms whose requests are verified by their signatures.
    pub vendors: Arc<Vendors>,
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
    vendors: Arc<Vendors>,
    rates: Option<Rates>,
}

impl Access {
    /// Requires API keys once there is one. Until then, it requires known hosts and origins, unless the service runs
    /// with `insecure_no_auth`. Requests of platforms that sign need a signature instead.
    pub(crate) fn new(callstore: Callstore, rules: Rules) -> Self {
        let Rules { hosts, origins, insecure_no_auth, vendors, rate_limit } = rules;
        let rates = Rates::new(rate_limit);
        Self { callstore, hosts, origins, open: insecure_no_auth, vendors, rates }
    }

    /// Whether pages of other origins may use this service.
    pub(crate) fn shares(&self) -> bool {
        !self.origins.is_empty()
    }

    /// Whether a request may be made, and the client's remaining quota, if limited.
    fn check(&self, request: &ServiceRequest) -> Result<Option<Standing>, Problem> {
        let admitted = self.admit(request);
        let limited = self.rates.as_ref().and_then(|rates| Some((rates, rates.address_of(client_address(request)?)?)));
        let Some((rates, address)) = limited else { return admitted.map(|_| None) };
        let (client, requests) = match &admitted {
            Ok(Some(key)) => (Client::Key(key.as_ref()), 1),
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
    fn admit<'a>(&self, request: &'a ServiceRequest) -> Result<Option<Cow<'a, str>>, Problem> {
        // The grant tells a live answer when the first key is made.
        let grant = is_live(request).then(|| self.callstore.keys.grant_without_key());
        let keyed = self.callstore.keys.are_required();
        if !keyed && !self.open {
            proxy::refuse(request.headers())?;
        }
        let target = request.extensions().get::<Target>().cloned();
        let need = expect_operation(target.as_ref()).map(|operation| &operation.need);
        if let Some(signature) = need.as_ref().ok().and_then(|need| self.signature(request, target.as_ref(), need)) {
            request.extensions_mut().insert(signature);
            return Ok(None);
        }
        if !keyed && !self.open {
            self.hosts.check(request, &self.origins)?;
        }
        match need? {
            Need::Key { scopes, tokens, .. } if keyed => {
                check_key(&self.callstore.keys, request, scopes, *tokens).map(Some)
            }
            Need::Key { .. } | Need::Nothing => {
                if let Some(grant) = grant.filter(|_| !keyed) {
                    request.extensions_mut().insert(grant);
                }
                Ok(None)
            }
        }
    }

    /// What stands in for a key. The operation will verify it, and reject the request if it is invalid.
    fn signature(&self, request: &ServiceRequest, target: Option<&Target>, need: &Need) -> Option<StandIn> {
        let path = target.map_or("", |target| target.path().pattern());
        if [PLATFORM_STREAM, TWILIO_STREAM].contains(&path) {
            let headers = request.headers();
            return match self.vendors.signer(headers) {
                Some(Vendor::Twilio) => Some(StandIn::Twilio),
                Some(vendor) => Some(StandIn::Vendor(vendor)),
                // Twilio's own path tells Twilio what is missing.
                None if path == TWILIO_STREAM && self.vendors.signs(Vendor::Twilio) => {
                    (!Vendors::has_credential(headers)).then_some(StandIn::Twilio)
                }
                None => None,
            };
        }
        let Need::Key { or: Some(by), .. } = need else { return None };
        let is_signed = match by {
            StandIn::Twilio => self.vendors.signs(Vendor::Twilio),
            StandIn::Link => {
                let query = request.query_string();
                !query.is_empty() && form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "signature")
            }
            StandIn::Vendor(vendor) => self.vendors.signs(*vendor),
        };
        is_signed.then_some(*by)
    }
}

/// The middleware that this module describes.
pub(crate) async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let checked = match request.app_data::<Data<Access>>() {
        Some(access) => match access.check(&request) {
            Err(problem)
                if problem.code() == ProblemCode::Unauthorized
                    && has_new_key(&access.callstore.keys, &request).await =>
            {
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
