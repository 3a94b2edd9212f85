//! One-time tokens of media streams. A carrier signs the handshake of every stream in the same way, so anyone who has
//! seen one signature could open streams. A token is valid for the stream of one phone call only.
//!
//! A token is signed and not stored. The same signed request of the carrier always gets the same token, so a request
//! that was seen on its way opens no second stream, and a retry of the carrier works. A token's first use inserts a
//! row, keyed by its random part, with the stream that used it, and binds the row to the stream's call. That stream may
//! reconnect with it while its call exists; others may not.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::{
    stream_token::{ActiveModel, Column, Entity},
    voice_webhook,
};
use futures_util::FutureExt;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use uuid::Uuid;

use super::part::Streams;
use crate::{
    Error, Private, Timestamp,
    policy::{TOKEN_LIFETIME, milliseconds},
    signer::{Signer, random},
};

const PURPOSE: &str = "stream-token";
/// What the random part of a token is derived for, if the request is signed.
const WEBHOOK: &str = "voice-webhook";
/// How long a signed request is remembered. Its signature never expires.
const WEBHOOK_KEPT: Duration = Duration::from_hours(30 * 24);

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

/// A token that a stream uses, until the stream is open.
///
/// It holds no text of the token, so that it can be kept in memory and logged. Until the stream is open it is not
/// bound; a socket that fails before leaves a token that only the same stream can use again.
#[derive(Debug)]
pub struct StreamToken {
    id: Uuid,
    /// The call to which an earlier use has bound it.
    pub(super) call: Option<Uuid>,
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
    /// Issues a token for the stream of a phone call. `signature` is that of the carrier's request, if it is signed.
    ///
    /// # Errors
    /// `Random`, or a failing database.
    pub async fn issue_token(&self, call_sid: &str, signature: Option<&[u8]>) -> Result<Private, Error> {
        let signer = self.signing.signer().await?;
        let (id, issued) = match signature {
            None => (Uuid::from_bytes(random()?), self.core.now()),
            Some(signature) => {
                let code = signer.sign(WEBHOOK, &[signature])?;
                let id = code.first_chunk().copied().map(Uuid::from_bytes).unwrap_or_default();
                (id, self.first_seen(id).await?)
            }
        };
        let claim = Claim { expires: issued.0.saturating_add(milliseconds(TOKEN_LIFETIME)), id };
        Ok(claim.sign(signer, call_sid)?.into())
    }

    /// Notes a signed request, and returns when it first came, to whichever node.
    async fn first_seen(&self, id: Uuid) -> Result<Timestamp, Error> {
        use voice_webhook::{ActiveModel, Column, Entity};
        let now = self.core.now();
        let forget_at = Timestamp(now.0.saturating_add(milliseconds(WEBHOOK_KEPT)));
        self.core
            .write(None, 0, move |batch| {
                async move {
                    let transaction = batch.transaction();
                    Entity::delete_many().filter(Column::ForgetAt.lte(now)).exec(transaction).await?;
                    let row = ActiveModel { id: Set(id), created_at: Set(now), forget_at: Set(forget_at) };
                    let unless_there = OnConflict::column(Column::Id).do_nothing().to_owned();
                    Entity::insert(row).on_conflict(unless_there).exec_without_returning(transaction).await?;
                    let stored = Entity::find_by_id(id).one(transaction).await?;
                    Ok(stored.ok_or(Error::Damaged("a signed request"))?.created_at)
                }
                .boxed()
            })
            .await
    }

    /// Uses a token for a stream. The first use is durable when this returns; the same stream may use it again.
    ///
    /// # Errors
    /// See [`TokenRefused`].
    pub async fn use_token(&self, token: &str, call_sid: &str, stream_sid: &str) -> Result<StreamToken, TokenRefused> {
        let Claim { expires, id } = Claim::read(self.signing.signer().await?, token, call_sid)?;
        let (core, stream_sid) = (self.core.clone(), stream_sid.to_owned());
        let used = self.core.write(None, 0, move |batch| {
            async move {
                let (transaction, now) = (batch.transaction(), core.now());
                if let Some(used) = Entity::find_by_id(id).one(transaction).await? {
                    let token = StreamToken { id, call: used.call_id };
                    return Ok(if used.stream_sid == stream_sid { Ok(token) } else { Err(TokenRefused::Used) });
                }
                if expires <= now.0 {
                    return Ok(Err(TokenRefused::Expired));
                }
                // A stream cannot reconnect after its call has ended, so the row is not needed longer than a call can
                // last.
                let forget_at = Timestamp(expires.saturating_add(milliseconds(core.policy.max_call_duration)));
                let (stream_sid, call_id) = (Set(stream_sid), Set(None));
                let row = ActiveModel { id: Set(id), stream_sid, forget_at: Set(forget_at), call_id };
                Entity::insert(row).exec_without_returning(transaction).await?;
                Entity::delete_many().filter(Column::ForgetAt.lte(now)).exec(transaction).await?;
                Ok(Ok(StreamToken { id, call: None }))
            }
            .boxed()
        });
        used.await?
    }

    /// Binds a token to its stream's call, unless an earlier use has.
    pub(super) async fn bind_token(&self, token: &StreamToken, call: Uuid) -> Result<(), Error> {
        if token.call.is_some() {
            return Ok(());
        }
        let bound = ActiveModel { call_id: Set(Some(call)), ..Default::default() };
        let bind = Entity::update_many().set(bound).filter(Column::Id.eq(token.id)).filter(Column::CallId.is_null());
        self.core
            .write(None, 0, |batch| async move { Ok(bind.exec(batch.transaction()).await?) }.boxed())
            .await
            .map(drop)
    }
}
