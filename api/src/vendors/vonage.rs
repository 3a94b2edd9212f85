//! Vonage's `Authorization: Bearer` JSON Web Token (RFC 7519), HS256 with the account's signature secret, as on its
//! signed webhooks.

use std::time::Duration;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use serde::Deserialize;
use serde_json::Value;
use service::{Private, audio::decode_any_base64};

use super::code::signed_by_one;

/// How old a token may be, and how far ahead the platform's clock, in seconds.
const AGE_MAX: i64 = 300;
/// How long a token is remembered: from the earliest time at which it is accepted to the latest.
pub(super) const KEPT: Duration = Duration::from_mins(15);

/// What a token claims. Others are of no interest.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    iat: i64,
    exp: Option<i64>,
}

/// The token of a handshake. Keys of this service do not look like one.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let token = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = token.split_once(' ')?;
    let token = token.trim();
    let looks = token.starts_with("eyJ") && token.split('.').count() == 3;
    (scheme.eq_ignore_ascii_case("bearer") && looks).then_some(token)
}

/// What tells a handshake from all others: the signed part of its token, which has an id (`jti`).
pub(super) fn unique(headers: &HeaderMap) -> Option<&str> {
    token(headers)?.rsplit_once('.').map(|(signed, _)| signed)
}

/// Whether one of the secrets signed the token, at about `now` in seconds.
pub(super) fn holds(secrets: &[Private], token: &str, now: i64) -> bool {
    let Some((signed, signature)) = token.rsplit_once('.') else { return false };
    let Some((header, claims)) = signed.split_once('.') else { return false };
    let json = |part: &str| decode_any_base64(part).ok();
    let (Some(header), Some(claims), Ok(signature)) = (json(header), json(claims), decode_any_base64(signature)) else {
        return false;
    };
    let is_hs256 = serde_json::from_slice::<Value>(&header).is_ok_and(|header| header["alg"] == "HS256");
    let secrets = secrets.iter().map(|secret| secret.expose().as_bytes());
    if !is_hs256 || !signed_by_one(secrets, signed.as_bytes(), &signature) {
        return false;
    }
    let Ok(Claims { iss, iat, exp }) = serde_json::from_slice(&claims) else { return false };
    iss == "Vonage" && iat.abs_diff(now) <= AGE_MAX.unsigned_abs() && exp.is_none_or(|exp| exp > now)
}
