//! Call tokens: bearer tokens that write to one call, for workers and browsers. A token is signed and not stored. It
//! ends with its time, with its call, and with the key that made it.

use std::time::Duration;

use uuid::Uuid;

use super::{KeyRefusal, Keys, claim::Claim};
use crate::{
    Author, Error, Private, Timestamp,
    calls::{CallRef, find},
    policy::milliseconds,
};

const TOKEN_HAS_EXPIRED: &str = "The token of the first response has expired. Make another with a new Idempotency-Key.";
const TOKEN_IS_REVOKED: &str = "The API key that made the token of the first response was revoked or has expired. Make \
    another token with a new Idempotency-Key.";

/// A new call token.
#[derive(Clone, Debug)]
pub struct CallToken {
    /// The call that it writes to.
    pub call_id: Uuid,
    /// The token, to be sent like an API key.
    pub token: Private,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl Keys {
    /// The call that a confined client names, by its id. The call that was checked is then the one that is written to,
    /// whatever becomes of its `streamSid`.
    ///
    /// # Errors
    /// `CallNotFound`, `CallNotAllowed`, or a failing database.
    pub async fn confine(&self, author: &Author, call: &CallRef) -> Result<CallRef, Error> {
        let call = find(self.core.database.readers(), call).await?;
        author.check(call.id, call.owner_id)?;
        Ok(CallRef::of(call.id))
    }

    /// Checks that a token which was made earlier still works.
    ///
    /// # Errors
    /// `NotRepeatable` if it has expired, or its key was revoked or has expired.
    pub fn check_token(&self, token: &str) -> Result<(), Error> {
        let why = match self.check(token) {
            // A token that was made before the first key is not needed as long as there is none.
            Ok(_) => return Ok(()),
            Err(_) if !self.are_required() => return Ok(()),
            Err(KeyRefusal::TokenExpired) => TOKEN_HAS_EXPIRED,
            Err(_) => TOKEN_IS_REVOKED,
        };
        Err(Error::NotRepeatable { why })
    }

    /// Makes a token that writes to a call.
    ///
    /// # Errors
    /// `CallNotFound`, `CallNotAllowed`, or a failing database.
    pub async fn create_token(&self, author: &Author, call: &CallRef, ttl: Duration) -> Result<CallToken, Error> {
        let call = self.confine(author, call).await?.id().ok_or(Error::CallNotFound)?;
        let expires_at = Timestamp(self.core.now().0.saturating_add(milliseconds(ttl)));
        let claim = Claim { expires_at, call, key: author.key_id().unwrap_or_default() };
        let token = claim.sign(self.signing.signer().await?)?.into();
        Ok(CallToken { call_id: call, token, expires_at })
    }
}
