//! One-time tokens of media streams. A carrier signs the handshake of every stream in the same way, so anyone who has
//! seen one signature could open streams. A token is valid for the stream of one phone call only.
//!
//!
//! A token is signed and not stored, so issuing it waits for no disk. Its first use inserts a row, keyed by the token's
//! random part, with the stream that used it. That stream may reconnect with it; others may not.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::stream_token::{ActiveModel, Column, Entity};
use futures_util::FutureExt;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::part::Streams;
use crate::{
    Error, Private, Timestamp,
    policy::milliseconds,
    signer::{Signer, random},
};

const PURPOSE: &str = "stream-token";
/// How long a token may wait for its first use. A carrier opens the stream within seconds.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// Why a token was rejected.
#[derive(Debug)]
pub enum TokenRefused {
    /// This service did not issue it, or not for this phone call.
    Invalid,
    /// It was not used in time.
    Expired,
    /// Another stream has used it.
    Used,
    /// It could not be checked.
    Failed(Error),
}

impl From<Error> for TokenRefused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The signed content of a token, beside the phone call's id.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// When it expires, in milliseconds since 1970.
    pub expires: i64,
    /// 128 random bits that identify the token.
    pub id: Uuid,
}

impl Claim {
    /// Encodes and signs the token.
    pub(crate) fn sign(&self, signer: &Signer, call_sid: &str) -> Result<String, Error> {
        let claim = [&self.expires.to_be_bytes()[..], self.id.as_bytes()].concat();
        let signature = signer.sign(PURPOSE, &[call_sid.as_bytes(), &claim])?;
        Ok(URL_SAFE_NO_PAD.encode([&claim[..], &signature].concat()))
    }

    /// Decodes a token and verifies that `signer` issued it for the phone call.
    pub(crate) fn read(signer: &Signer, token: &str, call_sid: &str) -> Result<Self, TokenRefused> {
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

impl Streams {
    /// Issues a token for the stream of a phone call.
    ///
    /// # Errors
    /// `Random`, or a failing database.
    pub async fn issue_token(&self, call_sid: &str) -> Result<Private, Error> {
        let expires = self.core.now().0.saturating_add(milliseconds(LIFETIME));
        let claim = Claim { expires, id: Uuid::from_bytes(random()?) };
        Ok(claim.sign(self.signing.signer().await?, call_sid)?.into())
    }

    /// Uses a token for a stream. The first use is durable when this returns; the same stream may use it again.
    ///
    /// # Errors
    /// See [`TokenRefused`].
    pub async fn use_token(&self, token: &str, call_sid: &str, stream_sid: &str) -> Result<(), TokenRefused> {
        let Claim { expires, id } = Claim::read(self.signing.signer().await?, token, call_sid)?;
        let (core, stream_sid) = (self.core.clone(), stream_sid.to_owned());
        let used = self.core.write(None, 0, move |batch| {
            async move {
                let (transaction, now) = (batch.transaction(), core.now());
                if let Some(used) = Entity::find_by_id(id).one(transaction).await? {
                    return Ok(if used.stream_sid == stream_sid { Ok(()) } else { Err(TokenRefused::Used) });
                }
                if expires <= now.0 {
                    return Ok(Err(TokenRefused::Expired));
                }
                // A stream cannot reconnect after its call has ended, so the row is not needed longer than a call can
                // last.
                let forget_at = Timestamp(expires.saturating_add(milliseconds(core.policy.max_call_duration)));
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
