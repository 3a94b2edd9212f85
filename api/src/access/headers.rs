//! Headers of every response: its request id, and what keeps browsers from misinterpreting it.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The header that carries the request id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers that do not depend on the response.
const ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];
/// The policy of pages, which load only what is listed. Swagger UI has icons in `data:` URLs and plays recordings from
/// `blob:` URLs; the hash is that of its logo's inline style.
const PAGE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; \
    style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
/// The policy of all other responses, which a browser must never render as a page.
const NO_PAGE: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Adds the headers. Headers that a handler has set itself stay, except those in `ALWAYS`.
pub(crate) fn secure(headers: &mut HeaderMap, is_page: bool) {
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
    let mut add = |name: HeaderName, value: HeaderValue| {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    };
    add(header::CROSS_ORIGIN_RESOURCE_POLICY, SAME_ORIGIN);
    add(header::CONTENT_SECURITY_POLICY, if is_page { PAGE } else { NO_PAGE });
    if !is_page {
        add(header::CACHE_CONTROL, NO_STORE);
    }
}
