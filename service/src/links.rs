//! Links to recordings that work without an API key until they expire, for players and transcription services. A link
//! is not stored; its signature proves that this service issued it.
//!
//! A link cannot be revoked on its own, so it lives for minutes, a day at most. Deleting the call ends it, because its
//! recording is then not found.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{Error, Private, Timestamp, policy::milliseconds, recordings::Recordings, signer::Signer};

/// What a link grants: reading the file, whole or in part.
const PURPOSE: &str = "recording-link/read";

/// The parts of a download URL that make it a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The recording's call.
    pub call_id: Uuid,
    /// When the link expires.
    pub expires_at: Timestamp,
    /// The expiry as the URL holds it.
    pub expires: String,
    /// The signature.
    pub signature: Private,
}

impl Recordings {
    /// Creates a link to a recording.
    ///
    /// # Errors
    /// `RecordingNotFound`, or a failing database.
    pub async fn create_link(&self, recording: Uuid, ttl: Duration) -> Result<Link, Error> {
        let call_id = self.get(recording).await?.recording.call_id;
        let expires_at = Timestamp(self.core.now().0.saturating_add(milliseconds(ttl)));
        let expires = expires_at.0.to_string();
        let signature = sign(self.signing.signer().await?, recording, &expires)?;
        Ok(Link { call_id, expires_at, expires, signature: signature.into() })
    }

    /// Checks a link to a recording.
    ///
    /// # Errors
    /// `LinkInvalid`, `LinkExpired`, or a failing database.
    pub async fn check_link(&self, recording: Uuid, expires: &str, signature: &str) -> Result<(), Error> {
        check(self.signing.signer().await?, recording, expires, signature, self.core.now())
    }
}

/// Checks a link against the secret of `signer`.
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

/// The signature of a link, as its URL holds it.
pub(crate) fn sign(signer: &Signer, recording: Uuid, expires: &str) -> Result<String, Error> {
    Ok(URL_SAFE_NO_PAD.encode(signer.sign(PURPOSE, &parts(&recording.to_string(), expires))?))
}

/// The signed parts: recording and expiry.
fn parts<'a>(recording: &'a str, expires: &'a str) -> [&'a [u8]; 2] {
    [recording.as_bytes(), expires.as_bytes()]
}
