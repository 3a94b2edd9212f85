//! Genesys' `Signature` (draft-ietf-httpbis-message-signatures-11): HMAC-SHA256 over the target, the authority and the
//! headers that name organization, session and key, keyed with the client secret.

use std::time::Duration;

use actix_web::http::header::HeaderMap;
use service::audio::decode_any_base64;

use super::code::{signed_by_one, text};
use crate::public::PublicUrl;

pub(super) const SIGNATURE: &str = "signature-input";
pub(super) const API_KEY: &str = "x-api-key";
/// What has to be signed.
const COVERED: [&str; 6] = [
    "@request-target",
    "@authority",
    "audiohook-organization-id",
    "audiohook-session-id",
    "audiohook-correlation-id",
    API_KEY,
];
/// How old a signature may be, and how far apart the clocks, in seconds.
const AGE_MAX: i64 = 10;
const CLOCKS: i64 = 3;
/// The fewest characters of a nonce.
const NONCE_MIN: usize = 22;
/// How long a signature is remembered; it is refused long before.
pub(super) const KEPT: Duration = Duration::from_mins(5);

/// What tells a handshake from all others: the parameters of its signature, with their nonce. They are signed.
pub(super) fn unique(headers: &HeaderMap) -> Option<&str> {
    text(headers, SIGNATURE)?.split_once('=').map(|(_, parameters)| parameters)
}

/// Whether one of the secrets signed a handshake for `target` (path and query), at about `now` in seconds.
pub(super) fn holds(secrets: &[Vec<u8>], public: &PublicUrl, target: &str, headers: &HeaderMap, now: i64) -> bool {
    checked(secrets, public, target, headers, now).unwrap_or(false)
}

fn checked(secrets: &[Vec<u8>], public: &PublicUrl, target: &str, headers: &HeaderMap, now: i64) -> Option<bool> {
    let (label, parameters) = text(headers, SIGNATURE)?.split_once('=')?;
    let given = text(headers, "signature")?.strip_prefix(label)?.strip_prefix("=:")?.strip_suffix(':')?;
    let given = decode_any_base64(given).ok()?;
    let (names, attributes) = parameters.strip_prefix('(')?.split_once(')')?;
    let names: Vec<_> = names.split_ascii_whitespace().map(|name| name.trim_matches('"')).collect();
    let attribute = |wanted: &str| {
        let mut all = attributes.split(';').filter_map(|attribute| attribute.split_once('='));
        all.find(|(name, _)| name.trim() == wanted).map(|(_, value)| value.trim_matches('"'))
    };
    let created: i64 = attribute("created")?.parse().ok()?;
    let expires = attribute("expires").map(str::parse::<i64>);
    let is_fresh = created <= now + CLOCKS
        && now - created <= AGE_MAX + CLOCKS
        && expires.is_none_or(|expires| expires.is_ok_and(|expires| expires + CLOCKS >= now));
    let is_complete = COVERED.iter().all(|name| names.contains(name))
        && attribute("alg").is_none_or(|algorithm| algorithm == "hmac-sha256")
        && attribute("nonce")?.len() >= NONCE_MIN
        && attribute("keyid")? == text(headers, API_KEY)?;
    if !is_fresh || !is_complete {
        return Some(false);
    }
    let (host, prefix) = (public.host(), public.prefix());
    let mut base = String::new();
    for name in names {
        let value = match name {
            "@request-target" => format!("{prefix}{target}"),
            "@authority" => public.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
            name => text(headers, name)?.trim().to_owned(),
        };
        base += &format!("\"{name}\": {value}\n");
    }
    base += &format!("\"@signature-params\": {parameters}");
    Some(signed_by_one(secrets.iter().map(Vec::as_slice), base.as_bytes(), &given))
}
