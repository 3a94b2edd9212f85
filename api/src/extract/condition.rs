//! Conditional requests: `If-Match`, `If-None-Match` and `ETag` (RFC 9110, sections 8.8.3 and 13.1).

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{self, HeaderMap, HeaderName},
};
use serde::Serialize;
use service::{Precondition, Versioned, Versions, digest};

use crate::problem::Problem;

/// Separates the version of a resource from the digest of its included parts in an ETag.
const PARTS: char = '.';

/// The precondition of a change, from `If-Match` and `If-None-Match`.
#[derive(Debug)]
pub(crate) struct Condition(pub Precondition);

impl FromRequest for Condition {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let versions = |name| all(request.headers(), &name).map(|tags| versions(&tags));
        ready(Ok(Self(Precondition {
            if_match: versions(header::IF_MATCH),
            if_none_match: versions(header::IF_NONE_MATCH),
        })))
    }
}

/// The versions in a list of ETags. A weak ETag matches no version; one whose quotes a shell took away counts.
fn versions(tags: &str) -> Versions {
    if tags.trim() == "*" {
        return Versions::Any;
    }
    let strong = tags.split(',').map(str::trim).filter(|tag| !tag.starts_with("W/"));
    let named = strong.map(|tag| tag.trim_matches('"'));
    Versions::OneOf(named.map(|tag| tag.split(PARTS).next().unwrap_or_default().to_owned()).collect())
}

/// All values of a header as one comma-separated list.
pub(crate) fn all(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Whether `If-None-Match` lists `etag` (given with its quotes), so that the response is 304.
pub(crate) fn has(headers: &HeaderMap, etag: &str) -> bool {
    let Some(tags) = all(headers, &header::IF_NONE_MATCH) else { return false };
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// The ETag of a resource's version.
pub(crate) fn etag(thing: &impl Versioned) -> String {
    format!("\"{}\"", thing.version())
}

/// The ETag of a version with its included parts. `If-Match` accepts it, too, since only the version before `PARTS`
/// counts there.
pub(crate) fn etag_with_parts(thing: &impl Versioned, shown: &impl Serialize) -> String {
    format!("\"{}{PARTS}{}\"", thing.version(), digest(shown))
}

/// A 200 response with its ETag, or 304 without a body if the client's copy is current.
pub(crate) fn fresh(request: &HttpRequest, etag: String, shown: &impl Serialize) -> HttpResponse {
    if has(request.headers(), &etag) {
        return HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish();
    }
    HttpResponse::Ok().insert_header((header::ETAG, etag)).json(shown)
}
