//! Reading headers, and checking authentication codes in constant time.

use actix_web::http::header::HeaderMap;
use hmac::{Hmac, KeyInit, Mac};
use subtle::{Choice, ConstantTimeEq};

/// The text of a header.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether HMAC-SHA256 of `message` under one of the secrets is `given`. Tries all of them, in constant time.
pub(super) fn signed_by_one<'a>(secrets: impl Iterator<Item = &'a [u8]>, message: &[u8], given: &[u8]) -> bool {
    let mut holds = Choice::from(0);
    for secret in secrets {
        // HMAC accepts keys of any length, so this cannot fail.
        let Ok(mut code) = Hmac::<sha2::Sha256>::new_from_slice(secret) else { continue };
        code.update(message);
        holds |= code.finalize().into_bytes().ct_eq(given);
    }
    holds.into()
}
