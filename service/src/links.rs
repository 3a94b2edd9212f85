//! Links to recordings that work without a key until they expire, for players and transcribers. A link is not stored: its
//! signature says that this service has made it.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{Callstore, Error, Private, Timestamp, policy::milliseconds, signer::Signer};

/// What a link allows: the file's bytes, whole or in part.
const PURPOSE: &str = "recording-link/read";

/// What makes a download's address a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// From when on it does not work.
    pub expires_at: Timestamp,
    /// The same as the address has it.
    pub expires: String,
    /// The signature.
    pub signature: Private,
}

impl Callstore {
    /// Makes a link to a recording.
    ///
    /// # Errors
    /// `RecordingNotFound`, or a failing database.
    pub async fn create_link(&self, recording: Uuid, ttl: Duration) -> Result<Link, Error> {
        self.get_recording(recording).await?;
        let expires_at = Timestamp(self.now().0.saturating_add(milliseconds(ttl)));
        let expires = expires_at.0.to_string();
        let signature = sign(self.signer().await?, recording, &expires)?;
        Ok(Link { expires_at, expires, signature: signature.into() })
    }

    /// Whether a link to a recording holds.
    ///
    /// # Errors
    /// `LinkInvalid`, `LinkExpired`, or a failing database.
    pub async fn check_link(&self, recording: Uuid, expires: &str, signature: &str) -> Result<(), Error> {
        check(self.signer().await?, recording, expires, signature, self.now())
    }
}

/// Whether a link that `signer` has made holds.
pub(crate) fn check(
    signer: &Signer,
    recording: Uuid,
    expires: &str,
    signature: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Error::LinkInvalid)?;
    if !signer.verify(PURPOSE, &parts(&recording.to_string(), expires), &signature)? {
        return Err(Error::LinkInvalid);
    }
    let expires: i64 = expires.parse().map_err(|_| Error::LinkInvalid)?;
    if expires <= now.0 { Err(Error::LinkExpired) } else { Ok(()) }
}

/// The signature of a link, as its address has it.
pub(crate) fn sign(signer: &Signer, recording: Uuid, expires: &str) -> Result<String, Error> {
    Ok(URL_SAFE_NO_PAD.encode(signer.sign(PURPOSE, &parts(&recording.to_string(), expires))?))
}

/// What is signed.
fn parts<'a>(recording: &'a str, expires: &'a str) -> [&'a [u8]; 2] {
    [recording.as_bytes(), expires.as_bytes()]
}
