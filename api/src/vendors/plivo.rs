//! `X-Plivo-Signature-V3`: HMAC-SHA256 as base64, keyed with the account's auth token. The message is the URL with
//! `https`, its query sorted by name, a full stop, and a nonce. The header has one signature for each token.

use std::time::Duration;

use actix_web::http::header::HeaderMap;
use service::{Private, audio::decode_any_base64};

use super::code::{signed_by_one, text};
use crate::public::PublicUrl;

pub(super) const SIGNATURE: &str = "x-plivo-signature-v3";
const NONCE: &str = "x-plivo-signature-v3-nonce";
/// How long a nonce is remembered. The signature has no time, so it holds for as long as the token.
pub(super) const KEPT: Duration = Duration::from_hours(30 * 24);

/// What tells a handshake from all others.
pub(super) fn unique(headers: &HeaderMap) -> Option<&str> {
    text(headers, NONCE)
}

/// Whether one of the tokens signed a handshake for `target` (path and query).
pub(super) fn holds(tokens: &[Private], public: &PublicUrl, target: &str, headers: &HeaderMap) -> bool {
    let (Some(given), Some(nonce)) = (text(headers, SIGNATURE), text(headers, NONCE)) else { return false };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut parts: Vec<_> = query.split('&').filter(|part| !part.is_empty()).collect();
    parts.sort_by_key(|part| part.split('=').next().unwrap_or_default());
    let query = if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) };
    let (host, prefix) = (public.host(), public.prefix());
    let port = public.port().map(|port| format!(":{port}"));
    // Plivo signs URLs with or without their port.
    let urls = [Some(String::new()), port].into_iter().flatten();
    let messages: Vec<_> = urls.map(|port| format!("https://{host}{port}{prefix}{path}{query}.{nonce}")).collect();
    let mut found = false;
    for given in given.split(',').filter_map(|given| decode_any_base64(given.trim()).ok()) {
        for message in &messages {
            found |= signed_by_one(tokens.iter().map(|token| token.expose().as_bytes()), message.as_bytes(), &given);
        }
    }
    found
}
