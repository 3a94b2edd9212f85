//! The state of a conversion in pieces, which the client keeps between requests. It is signed, so that the service
//! only reads states that it or another node of its cluster issued.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    Error,
    limits::CONVERSION_STATE_MAX,
    signer::{Signer, Signing},
};

/// What a signature of a state is for.
const PURPOSE: &str = "conversion/state";

/// The length of a signature.
const SIGNATURE_BYTES: usize = 32;

const _: () = assert!((audio::STATE_MAX_BYTES + SIGNATURE_BYTES).div_ceil(3) * 4 <= CONVERSION_STATE_MAX);

/// Signs and reads the states of conversions.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// let text = callstore.conversions.sign(b"the filter's memory").await?;
/// assert_eq!(callstore.conversions.read(&text).await?.as_deref(), Some(&b"the filter's memory"[..]));
/// // What nobody signed is not read.
/// assert_eq!(callstore.conversions.read("AAAA").await?, None);
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Conversions {
    pub(crate) signing: Signing,
}

impl Conversions {
    /// Signs the state of a conversion and encodes it as text.
    ///
    /// # Errors
    /// A failing database, if the signing secret is not known yet.
    pub async fn sign(&self, state: &[u8]) -> Result<String, Error> {
        sign(self.signing.signer().await?, state)
    }

    /// Decodes the state of a conversion. Returns none for a text that no node of this service has signed.
    ///
    /// # Errors
    /// A failing database, if the signing secret is not known yet.
    pub async fn read(&self, text: &str) -> Result<Option<Vec<u8>>, Error> {
        read(self.signing.signer().await?, text)
    }
}

pub(crate) fn sign(signer: &Signer, state: &[u8]) -> Result<String, Error> {
    let signature = signer.sign(PURPOSE, &[state])?;
    Ok(URL_SAFE_NO_PAD.encode([state, &signature].concat()))
}

pub(crate) fn read(signer: &Signer, text: &str) -> Result<Option<Vec<u8>>, Error> {
    if text.len() > CONVERSION_STATE_MAX {
        return Ok(None);
    }
    let Ok(mut bytes) = URL_SAFE_NO_PAD.decode(text) else { return Ok(None) };
    let Some(length) = bytes.len().checked_sub(SIGNATURE_BYTES) else { return Ok(None) };
    let signature = bytes.split_off(length);
    Ok(signer.verify(PURPOSE, &[&bytes], &signature)?.then_some(bytes))
}
