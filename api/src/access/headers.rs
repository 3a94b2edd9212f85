//! Headers that every answer has, so that a browser does not take it for something else.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// What says nothing of the answer itself.
const ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];
/// Pages load nothing but what is here. Swagger UI draws its icons from data; the hash is of the style that its logo brings.
const PAGE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; \
    style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
/// Nothing else is a page.
const NO_PAGE: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Adds them. What a handler has said of its own answer stays.
pub fn secure(headers: &mut HeaderMap, is_page: bool) {
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
