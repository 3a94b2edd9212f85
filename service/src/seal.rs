//! Encrypts what the database holds and only its owner may read: AES-256-GCM, with the nonce behind the text.
//!
//! | what | its key is made from |
//! | --- | --- |
//! | outcomes of requests (`idempotency`) | the request's `Idempotency-Key`, which is not stored |
//! | secrets of webhooks | the secret that signs (`signer`) |

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::{Error, signer::random};

/// The length of a key, in bytes.
pub(crate) type SealKey = [u8; 32];

fn cipher(key: &SealKey) -> Result<LessSafeKey, Error> {
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).map_err(|_| Error::Damaged("a seal's key"))?))
}

/// Encrypts `text`. It opens only with the same key and `purpose`. The nonce is random, so one key must not seal more
/// than some millions of texts.
pub(crate) fn seal(key: &SealKey, purpose: &[u8], mut text: Vec<u8>) -> Result<Vec<u8>, Error> {
    let nonce: [u8; NONCE_LEN] = random()?;
    let unique = Nonce::assume_unique_for_key(nonce);
    let sealed = cipher(key)?.seal_in_place_append_tag(unique, Aad::from(purpose), &mut text);
    sealed.map_err(|_| Error::Damaged("a value to be sealed"))?;
    text.extend_from_slice(&nonce);
    Ok(text)
}

/// Decrypts what [`seal`] returned; `None` if the key or the purpose differ, or the bytes were changed.
pub(crate) fn open(key: &SealKey, purpose: &[u8], mut sealed: Vec<u8>) -> Option<Vec<u8>> {
    let nonce = sealed.split_off(sealed.len().checked_sub(NONCE_LEN)?);
    let nonce = Nonce::try_assume_unique_for_key(&nonce).ok()?;
    let opened = cipher(key).ok()?.open_in_place(nonce, Aad::from(purpose), &mut sealed).ok()?.len();
    sealed.truncate(opened);
    Some(sealed)
}
