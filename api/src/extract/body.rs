//! Reads request bodies completely, up to a limit.

use std::time::Duration;

use actix_web::{
    HttpMessage, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue},
    web::BytesMut,
};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use service::audio::number::{real, wide};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout_at};

use super::idempotency::{BodyDigest, IDEMPOTENCY_KEY};
use crate::{
    access::check_key_again,
    limits::{BODY_BYTES_PER_SECOND, BODY_GRACE, BODY_LIMIT},
    problem::{Problem, ProblemCode},
};

/// A request body and its content type.
#[derive(Debug)]
pub(crate) struct Body {
    /// The whole body.
    pub bytes: Bytes,
    content_type: Option<HeaderValue>,
}

/// The most memory that is reserved because of a `Content-Length` alone.
const PREPARED_BYTES: usize = 64 * 1024;

impl Body {
    /// Reads a body of at most `limit` bytes. Rejects compressed bodies and bodies that arrive too slowly.
    pub(crate) async fn read(request: &HttpRequest, payload: &mut Payload, limit: usize) -> Result<Self, Problem> {
        let too_large = || {
            let detail =
                format!("The body is too large: this operation accepts at most {limit} bytes. Split the request.");
            Problem::new(ProblemCode::PayloadTooLarge, detail)
        };
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        if header(&CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            let detail = "Compressed bodies are not supported. Send the body without Content-Encoding.";
            return Err(Problem::new(ProblemCode::UnsupportedMediaType, detail));
        }
        let announced = header(&CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        // A small body arrives in one part and needs no copy.
        let (mut first, mut bytes, mut received) = (Bytes::new(), BytesMut::new(), 0);
        let mut pace = Pace::default();
        while let Some(part) = pace.next(payload, received).await? {
            let part = part
                .map_err(|_| Problem::new(ProblemCode::BadRequest, "The body ended early. Send the request again."))?;
            received += part.len();
            if received > limit {
                return Err(too_large());
            }
            if first.is_empty() {
                first = part;
                continue;
            }
            if bytes.is_empty() {
                bytes.reserve(announced.unwrap_or(0).min(PREPARED_BYTES));
                bytes.extend_from_slice(&first);
            }
            bytes.extend_from_slice(&part);
        }
        if pace.has_waited() {
            check_key_again(request)?;
        }
        let bytes = if bytes.is_empty() { first } else { bytes.freeze() };
        let body = Self { bytes, content_type: request.headers().get(CONTENT_TYPE).cloned() };
        if request.headers().contains_key(IDEMPOTENCY_KEY) {
            request.extensions_mut().insert(body.digest());
        }
        Ok(body)
    }

    /// The `Content-Type` header as sent.
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.content_type.as_ref()?.to_str().ok()
    }

    fn digest(&self) -> BodyDigest {
        let kind = self.content_type().unwrap_or_default();
        BodyDigest(Sha256::new_with_prefix(kind).chain_update([0]).chain_update(&self.bytes).finalize().into())
    }

    /// Whether the content type is this one.
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.content_type().is_some_and(|header| media_type(header).0.eq_ignore_ascii_case(kind))
    }

    /// Rejects a body whose content type is not in `types`.
    pub(crate) fn expect(&self, types: &[&str]) -> Result<(), Problem> {
        if types.iter().any(|kind| self.is(kind)) {
            return Ok(());
        }
        let detail = format!(
            "The Content-Type is missing or not supported. Send the body with Content-Type: {}.",
            types.join(" or ")
        );
        Err(Problem::new(ProblemCode::UnsupportedMediaType, detail))
    }
}

/// When the service began to wait for the body; `None` while all parts so far had already arrived.
#[derive(Default)]
struct Pace(Option<Instant>);

impl Pace {
    /// Whether the service had to wait for the body.
    fn has_waited(&self) -> bool {
        self.0.is_some()
    }

    /// Returns the next part of a body of which `received` bytes have arrived. Fails if the client is slower than the
    /// minimum rate.
    async fn next(
        &mut self,
        payload: &mut Payload,
        received: usize,
    ) -> Result<Option<Result<Bytes, PayloadError>>, Problem> {
        if let Some(part) = payload.next().now_or_never() {
            return Ok(part);
        }
        let begun = *self.0.get_or_insert_with(Instant::now);
        let earned = Duration::from_secs_f64(real(wide(received)) / f64::from(BODY_BYTES_PER_SECOND));
        let allowed = (BODY_GRACE + earned).min(BODY_LIMIT);
        timeout_at(begun + allowed, payload.next()).await.map_err(|_| {
            let detail = format!(
                "The body arrived too slowly: {received} bytes within {} s. Send {BODY_BYTES_PER_SECOND} bytes a second or \
                 more, and the whole body within {} s.",
                allowed.as_secs(),
                BODY_LIMIT.as_secs()
            );
            Problem::new(ProblemCode::RequestTimeout, detail)
        })
    }
}

/// Splits a `Content-Type` into the type and its parameters.
pub(crate) fn media_type(header: &str) -> (&str, impl Iterator<Item = (&str, &str)>) {
    let mut parts = header.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let parameters = parts.filter_map(|part| part.split_once('=')).map(|(name, value)| (name, value.trim_matches('"')));
    (kind, parameters)
}
