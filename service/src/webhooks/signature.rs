//! Secrets and signatures, by Standard Webhooks 1.0.0.
//!
//! What is signed is `id.timestamp.body`. A receiver refuses old timestamps, so a request that was seen on its way
//! cannot be sent again later; the id keeps it from being taken twice within that time.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{Error, Timestamp, signer::random};

/// Random bytes of a new secret. The standard allows 24 to 64.
const SECRET_BYTES: usize = 32;

/// Random bytes for a new secret.
pub(super) fn new_secret() -> Result<Vec<u8>, Error> {
    Ok(random::<SECRET_BYTES>()?.to_vec())
}

/// A secret as receivers are given it: `whsec_` and base64.
pub(super) fn shown(secret: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// Signs a body with each of the secrets: the value of `webhook-signature`.
pub(super) fn sign(secrets: &[Vec<u8>], id: &str, time: Timestamp, body: &[u8]) -> Result<String, Error> {
    let signatures = secrets.iter().map(|secret| {
        let mut code = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| Error::Damaged("a webhook's secret"))?;
        code.update(format!("{id}.{}.", seconds(time)).as_bytes());
        code.update(body);
        Ok(format!("v1,{}", STANDARD.encode(code.finalize().into_bytes())))
    });
    Ok(signatures.collect::<Result<Vec<_>, Error>>()?.join(" "))
}

/// Whole seconds since 1970: the value of `webhook-timestamp`.
pub(super) fn seconds(time: Timestamp) -> i64 {
    time.0.div_euclid(1000)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_standard() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (id, time) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", Timestamp(1_614_265_330_999));
        let body = br#"{"test": 2432232314}"#;
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign(std::slice::from_ref(&secret), id, time, body).unwrap(), expected);
        let both = sign(&[vec![7; 24], secret], id, time, body).unwrap();
        assert!(both.ends_with(&format!(" {expected}")) && both.matches("v1,").count() == 2);
        assert_eq!(shown(&[0; 24]), "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    }
}
