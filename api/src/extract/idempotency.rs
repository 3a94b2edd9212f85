//! `Idempotency-Key`: lets a client retry a request without repeating its effect.

use std::{
    fmt,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{HeaderName, HeaderValue},
    web::Data,
};
use service::{Callstore, Idempotency, NameInUse, limits::IDEMPOTENCY_KEY_MAX};
use sha2::{Digest, Sha256};

use super::By;
use crate::{
    access::bearer::bearer,
    problem::{Problem, ProblemCode},
};

/// The header that carries the key.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of a replayed response.
pub(super) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The SHA-256 of a body and its content type. Stored in the extensions of a request that has a key.
pub(super) struct BodyDigest(pub [u8; 32]);

/// The idempotency key of a request, if it has one. Keep this value until the response is ready: it reserves the key,
/// so that a concurrent request with the same key is rejected.
pub(crate) struct IdempotencyKey {
    named: Option<(Idempotency, NameInUse)>,
    request: HttpRequest,
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl IdempotencyKey {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let request = request.clone();
        let mut given = request.headers().get_all(IDEMPOTENCY_KEY);
        let Some(name) = given.next() else { return Ok(Self { named: None, request }) };
        let fits = |name: &&str| {
            (1..=IDEMPOTENCY_KEY_MAX).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let name = name.to_str().ok().filter(fits).filter(|_| given.next().is_none()).ok_or_else(|| {
            let detail =
                format!("Send one Idempotency-Key header, of 1 to {IDEMPOTENCY_KEY_MAX} visible ASCII characters.");
            Problem::invalid_field("/Idempotency-Key", detail)
        })?;
        let failed = || Problem::new(ProblemCode::InternalError, "The service is not available.");
        let callstore = request.app_data::<Data<Callstore>>().ok_or_else(failed)?;
        let who = By::of(&request).0.namespace();
        let named = Some(callstore.outcomes.name_request(who, name, bearer(request.headers()))?);
        Ok(Self { named, request: request.clone() })
    }

    /// The key with the fingerprint of this request. Call this after the body was read, since the fingerprint covers
    /// it.
    pub(crate) fn key(&self) -> Option<&Idempotency> {
        let (named, _) = self.named.as_ref()?;
        let head = self.request.head();
        let mut asked = Sha256::new_with_prefix(head.uri.path()).chain_update([0]);
        asked.update(self.request.query_string());
        asked.update([0]);
        if let Some(BodyDigest(body)) = self.request.extensions().get() {
            asked.update(body);
        }
        named.ask(asked.finalize().into());
        Some(named)
    }

    /// Whether an earlier response is repeated.
    pub(crate) fn is_replayed(&self) -> bool {
        self.named.as_ref().is_some_and(|(named, _)| named.is_replayed())
    }

    /// Marks a response that repeats an earlier one.
    pub(crate) fn answer(&self, mut response: HttpResponse) -> HttpResponse {
        if self.is_replayed() {
            response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("IdempotencyKey").finish_non_exhaustive()
    }
}
