//! What a call token says, signed.
//!
//! A token is 8 bytes of expiry, 16 of the call's id, 16 of the key's id, and 32 of HMAC-SHA256, in base64url after
//! `cst_`. It is not stored, so making one costs nothing, and revoking one means revoking its key.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{Error, Timestamp, signer::Signer};

const PURPOSE: &str = "call-token";
/// Prefix of tokens, by which people and secret scanners recognize them.
pub const TOKEN_PREFIX: &str = "cst_";
/// Length of a claim: expiry, call, key.
const CLAIM_BYTES: usize = 8 + 16 + 16;

/// The signed content of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub expires_at: Timestamp,
    pub call: Uuid,
    /// The key that made the token; nil if there was none.
    pub key: Uuid,
}

impl Claim {
    /// Encodes and signs a token.
    pub(crate) fn sign(&self, signer: &Signer) -> Result<String, Error> {
        let claim = [&self.expires_at.0.to_be_bytes()[..], self.call.as_bytes(), self.key.as_bytes()].concat();
        let signature = signer.sign(PURPOSE, &[&claim])?;
        Ok(format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode([&claim[..], &signature].concat())))
    }

    /// Reads a token that `signer` signed; `None` for any other text.
    ///
    /// A claim that is read is authentic, and nothing more: whether it has expired, whether its key still stands, and
    /// whether its call is there, is for the caller to check at each use.
    pub(crate) fn read(signer: &Signer, token: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(TOKEN_PREFIX)?).ok()?;
        let (claim, signature) = bytes.split_at_checked(CLAIM_BYTES)?;
        if !signer.verify(PURPOSE, &[claim], signature).ok()? {
            return None;
        }
        let (expires, ids) = claim.split_first_chunk::<8>()?;
        let (call, key) = ids.split_first_chunk::<16>()?;
        let key = Uuid::from_slice(key).ok()?;
        Some(Self { expires_at: Timestamp(i64::from_be_bytes(*expires)), call: Uuid::from_bytes(*call), key })
    }
}

/// Whether a bearer is a call token by its form.
pub(super) fn is_token(bearer: &str) -> bool {
    bearer.starts_with(TOKEN_PREFIX)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_its_signer_signed() {
        let (signer, other) = (Signer([7; 32]), Signer([8; 32]));
        let claim = Claim { expires_at: Timestamp(5), call: Uuid::from_u128(1), key: Uuid::from_u128(2) };
        let token = claim.sign(&signer).unwrap();
        assert_eq!(token.len(), 100);
        assert_eq!((Claim::read(&signer, &token), Claim::read(&other, &token)), (Some(claim), None));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(Claim::read(&signer, std::str::from_utf8(&changed).unwrap()), None, "{at}");
            assert_eq!(Claim::read(&signer, &token[..at]), None, "{at}");
        }
    }
}
