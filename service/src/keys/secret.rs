//! A key in plain text, which is never printed by accident.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{Error, Private};

/// Prefix of generated keys, by which people and secret scanners recognize them.
const PREFIX: &str = "cs_";
/// Number of random bytes after the prefix.
const RANDOM_BYTES: usize = 32;
/// Shortest key accepted from a file, in characters.
pub const KEY_MIN_CHARACTERS: usize = 32;

/// The SHA-256 of a key.
pub(super) type KeyHash = [u8; 32];

/// A key in plain text. `Debug` and `Display` hide it.
#[derive(Clone, Debug)]
pub struct Secret(Private);

impl Secret {
    /// Wraps a given key.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self(Private::new(key.into()))
    }

    /// Generates a key from the system's random numbers.
    ///
    /// # Errors
    /// `Random` if the system has none.
    pub fn random() -> Result<Self, Error> {
        let mut bytes = [0; RANDOM_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
        Ok(Self::new(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The key in plain text.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether it can be sent in an `Authorization` header and is too long to guess.
    #[must_use]
    pub fn is_fit(&self) -> bool {
        self.expose().len() >= KEY_MIN_CHARACTERS && self.expose().bytes().all(|byte| byte.is_ascii_graphic())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// Hashes a key for storage. Keys are random, so a fast hash suffices.
pub(super) fn hash(key: &str) -> KeyHash {
    Sha256::digest(key).into()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_random_bytes_and_is_not_shown() {
        let (one, other) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert_ne!(one.expose(), other.expose());
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(one.expose().strip_prefix("cs_").unwrap()).unwrap();
        assert_eq!(bytes.len(), 32);
        assert!(one.is_fit() && !Secret::new("short").is_fit() && !Secret::new("a b".repeat(20)).is_fit());
        assert_eq!(format!("{one} {one:?} {:?}", Some(&one)), "(hidden) Secret((hidden)) Some(Secret((hidden)))");
    }
}
