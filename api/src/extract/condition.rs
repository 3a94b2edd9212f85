//! Conditions on versions: `If-Match`, `If-None-Match` and `ETag` (RFC 9110, sections 8.8.3 and 13.1).

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{self, HeaderMap, HeaderName},
};
use serde::Serialize;
use service::{Precondition, Versioned, Versions, digest};

use crate::problem::Problem;

/// What divides the version of a thing from that of the parts that come with it.
const PARTS: char = '.';

/// What has to hold for a change to be made.
#[derive(Debug)]
pub struct Condition(pub Precondition);

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

/// The versions that a list of tags names. Weak tags, and what is no tag, name none.
fn versions(tags: &str) -> Versions {
    if tags.trim() == "*" {
        return Versions::Any;
    }
    let named = tags.split(',').filter_map(|tag| tag.trim().strip_prefix('"')?.strip_suffix('"'));
    Versions::OneOf(named.map(|tag| tag.split(PARTS).next().unwrap_or_default().to_owned()).collect())
}

/// A header's values as one list.
pub fn all(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Whether the client has what is tagged `etag` (with its quotes), and wants it only if not.
pub fn has(headers: &HeaderMap, etag: &str) -> bool {
    let Some(tags) = all(headers, &header::IF_NONE_MATCH) else { return false };
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// The tag of a version.
pub fn etag(thing: &impl Versioned) -> String {
    format!("\"{}\"", thing.version())
}

/// The tag of a version and of the parts that are shown with it. To change the thing it does as well as the version's own.
pub fn etag_with_parts(thing: &impl Versioned, shown: &impl Serialize) -> String {
    format!("\"{}{PARTS}{}\"", thing.version(), digest(shown))
}

/// An answer with its tag: without a body where the client has it.
pub fn fresh(request: &HttpRequest, etag: String, shown: &impl Serialize) -> HttpResponse {
    if has(request.headers(), &etag) {
        return HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish();
    }
    HttpResponse::Ok().insert_header((header::ETAG, etag)).json(shown)
}
