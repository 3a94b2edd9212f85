//! One-time tokens of media streams. A carrier signs the handshake of every call's stream the same way, so that who has
//! seen one signature could open streams at will; a token is for the stream of one phone call.
//!
//! A token is signed and not stored: the answer that carries it waits for no disk. It is one-time since its first use is
//! a row, keyed by what is random in it, with the stream that used it; the same stream may come back with it, another may
//! not.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::stream_token::{ActiveModel, Column, Entity};
use futures_util::FutureExt;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::{
    Callstore, Error, Private, Timestamp,
    policy::milliseconds,
    signer::{Signer, random},
};

const PURPOSE: &str = "stream-token";
/// How long a token can be used first. A carrier opens the stream within seconds.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// Why a token is not taken.
#[derive(Debug)]
pub enum TokenRefused {
    /// This service has not made it, or not for this phone call.
    Invalid,
    /// It was not used in time.
    Expired,
    /// Another stream has used it.
    Used,
    /// It could not be looked up.
    Failed(Error),
}

impl From<Error> for TokenRefused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What is signed of a token beside its phone call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// When it expires, in milliseconds since 1970.
    pub expires: i64,
    /// 128 random bits that tell it from all others.
    pub id: Uuid,
}

impl Claim {
    /// The token.
    pub fn sign(&self, signer: &Signer, call_sid: &str) -> Result<String, Error> {
        let claim = [&self.expires.to_be_bytes()[..], self.id.as_bytes()].concat();
        let signature = signer.sign(PURPOSE, &[call_sid.as_bytes(), &claim])?;
        Ok(URL_SAFE_NO_PAD.encode([&claim[..], &signature].concat()))
    }

    /// Reads a token that `signer` has made for a phone call.
    pub fn read(signer: &Signer, token: &str, call_sid: &str) -> Result<Self, TokenRefused> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| TokenRefused::Invalid)?;
        let (claim, signature) = bytes.split_at_checked(8 + 16).ok_or(TokenRefused::Invalid)?;
        let (Some((expires, _)), Some((_, id))) = (claim.split_first_chunk::<8>(), claim.split_last_chunk::<16>())
        else {
            return Err(TokenRefused::Invalid);
        };
        if !signer.verify(PURPOSE, &[call_sid.as_bytes(), claim], signature)? {
            return Err(TokenRefused::Invalid);
        }
        Ok(Self { expires: i64::from_be_bytes(*expires), id: Uuid::from_bytes(*id) })
    }
}

impl Callstore {
    /// Makes a token for a stream of a phone call.
    ///
    /// # Errors
    /// `Random`, or a failing database.
    pub async fn issue_stream_token(&self, call_sid: &str) -> Result<Private, Error> {
        let expires = self.now().0.saturating_add(milliseconds(LIFETIME));
        let claim = Claim { expires, id: Uuid::from_bytes(random()?) };
        Ok(claim.sign(self.signer().await?, call_sid)?.into())
    }

    /// Uses a token for a stream, or once more for the same stream. What is returned without an error is on disk.
    ///
    /// # Errors
    /// See [`TokenRefused`].
    pub async fn use_stream_token(&self, token: &str, call_sid: &str, stream_sid: &str) -> Result<(), TokenRefused> {
        let Claim { expires, id } = Claim::read(self.signer().await?, token, call_sid)?;
        let (this, stream_sid) = (self.clone(), stream_sid.to_owned());
        let used = self.write(0, move |batch| {
            async move {
                let (transaction, now) = (batch.transaction(), this.now());
                if let Some(used) = Entity::find_by_id(id).one(transaction).await? {
                    return Ok(if used.stream_sid == stream_sid { Ok(()) } else { Err(TokenRefused::Used) });
                }
                if expires <= now.0 {
                    return Ok(Err(TokenRefused::Expired));
                }
                // No stream comes back after its call has ended.
                let forget_at = Timestamp(expires.saturating_add(milliseconds(this.0.policy.max_call_duration)));
                let row = ActiveModel { id: Set(id), stream_sid: Set(stream_sid), forget_at: Set(forget_at) };
                Entity::insert(row).exec_without_returning(transaction).await?;
                Entity::delete_many().filter(Column::ForgetAt.lte(now)).exec(transaction).await?;
                Ok(Ok(()))
            }
            .boxed()
        });
        used.await?
    }
}
