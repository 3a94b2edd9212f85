//! Request bodies, read whole up to a limit.

use actix_web::{
    HttpMessage, HttpRequest,
    dev::Payload,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
    web::BytesMut,
};
use bytes::Bytes;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};

use super::once::{BodyDigest, IDEMPOTENCY_KEY};
use crate::problem::{Problem, ProblemCode};

/// A body and what it is said to be.
#[derive(Debug)]
pub struct Body {
    /// The bytes.
    pub bytes: Bytes,
    /// The `Content-Type`, as it came.
    pub content_type: Option<String>,
}

/// At most so much is made ready for a body that has only been announced.
const PREPARED_BYTES: usize = 64 * 1024;

impl Body {
    /// Reads a body of at most `limit` bytes.
    pub async fn read(request: &HttpRequest, payload: &mut Payload, limit: usize) -> Result<Self, Problem> {
        let too_large = || {
            let detail =
                format!("The body is larger than the {limit} bytes that this operation takes; send less at a time.");
            Problem::new(ProblemCode::PayloadTooLarge, detail)
        };
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        if header(&CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            let detail = "Bodies are taken as they are; send this one without Content-Encoding.";
            return Err(Problem::new(ProblemCode::UnsupportedMediaType, detail));
        }
        let announced = header(&CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let mut bytes = BytesMut::with_capacity(announced.unwrap_or(0).min(PREPARED_BYTES));
        while let Some(part) = payload.next().await {
            let part = part.map_err(|_| Problem::new(ProblemCode::BadRequest, "The body did not arrive whole."))?;
            if bytes.len() + part.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&part);
        }
        let body = Self { bytes: bytes.freeze(), content_type: header(&CONTENT_TYPE).map(str::to_owned) };
        if request.headers().contains_key(IDEMPOTENCY_KEY) {
            request.extensions_mut().insert(body.digest());
        }
        Ok(body)
    }

    fn digest(&self) -> BodyDigest {
        let kind = self.content_type.as_deref().unwrap_or_default();
        BodyDigest(Sha256::new_with_prefix(kind).chain_update([0]).chain_update(&self.bytes).finalize().into())
    }

    /// Refuses a body that is none of `types`.
    pub fn expect(&self, types: &[&str]) -> Result<(), Problem> {
        let given = self.content_type.as_deref().map(|header| media_type(header).0);
        if given.is_some_and(|given| types.iter().any(|kind| given.eq_ignore_ascii_case(kind))) {
            return Ok(());
        }
        let detail = format!("Send the body with Content-Type: {}.", types.join(" or "));
        Err(Problem::new(ProblemCode::UnsupportedMediaType, detail))
    }
}

/// Splits a `Content-Type` into the type and its parameters.
pub fn media_type(header: &str) -> (&str, impl Iterator<Item = (&str, &str)>) {
    let mut parts = header.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let parameters = parts.filter_map(|part| part.split_once('=')).map(|(name, value)| (name, value.trim_matches('"')));
    (kind, parameters)
}
