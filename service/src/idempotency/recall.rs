//! Keeps outcomes in the transaction of their effect, and returns those of earlier requests.
//!
//! The order of checks matters. A name whose call is deleted answers 410 whatever else the request says, since what it
//! said is gone. Then the fingerprint: another request under the same name is a mistake of the client and is told so,
//! before anything of the first outcome is shown.

use std::sync::atomic::Ordering;

use entity::{
    call,
    idempotency_key::{ActiveModel, Entity},
};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{Idempotency, KEPT};
use crate::{Error, Timestamp, calls::Visible, policy::milliseconds, writer::Batch};

const SECRET_IS_SEALED: &str = "The first response has a new API key, which is repeated only to the API key of the \
    first request. Revoke the new key, and make another with a new Idempotency-Key.";

impl Batch {
    /// Returns the stored outcome of an earlier request with the same name.
    ///
    /// Call it first in the transaction of the effect, before anything is decided. `None` means that the request is
    /// new, or that its name has been forgotten after a day.
    pub(crate) async fn recall<T: DeserializeOwned>(
        &self,
        idempotency: Option<&Idempotency>,
    ) -> Result<Option<T>, Error> {
        let Some(idempotency) = idempotency else { return Ok(None) };
        let Some(sealed) = self.kept(idempotency).await? else { return Ok(None) };
        let outcome = idempotency.open(&idempotency.0.seal, sealed)?;
        idempotency.0.replayed.store(true, Ordering::Relaxed);
        Ok(Some(outcome))
    }

    /// The same for an outcome that holds a secret.
    ///
    /// # Errors
    /// `NotRepeatable` unless it is asked for with the API key of the earlier request.
    pub(crate) async fn recall_secret<T: DeserializeOwned>(
        &self,
        idempotency: Option<&Idempotency>,
    ) -> Result<Option<T>, Error> {
        let Some(idempotency) = idempotency else { return Ok(None) };
        let Some(sealed) = self.kept(idempotency).await? else { return Ok(None) };
        let opened = idempotency.0.secret_seal.map(|seal| idempotency.open(&seal, sealed));
        let Some(Ok(outcome)) = opened else { return Err(Error::NotRepeatable { why: SECRET_IS_SEALED }) };
        idempotency.0.replayed.store(true, Ordering::Relaxed);
        Ok(Some(outcome))
    }

    /// The sealed outcome of an earlier request with the same name.
    async fn kept(&self, idempotency: &Idempotency) -> Result<Option<Vec<u8>>, Error> {
        self.lock_name(&idempotency.0.id).await?;
        let kept = Entity::find_by_id(idempotency.0.id.to_vec()).one(self.transaction()).await?;
        let Some(kept) = kept else { return Ok(None) };
        if kept.forget_at <= idempotency.0.core.now() {
            Entity::delete_by_id(kept.id).exec(self.transaction()).await?;
            return Ok(None);
        }
        let is_deleted = match kept.call_id {
            Some(call) => call::Entity::find_by_id(call).visible().one(self.transaction()).await?.is_none(),
            None => kept.outcome.is_empty(),
        };
        if is_deleted {
            return Err(Error::CallDeleted);
        }
        if kept.fingerprint != idempotency.fingerprint() {
            return Err(Error::IdempotencyKeyReused);
        }
        Ok(Some(kept.outcome))
    }

    /// Gathers the outcome of a request that was not recalled, and the call that it is about. Call it last, after
    /// everything that can fail.
    pub(crate) fn record(
        &mut self,
        idempotency: Option<&Idempotency>,
        about: Option<Uuid>,
        outcome: &impl Serialize,
    ) -> Result<(), Error> {
        let Some(idempotency) = idempotency else { return Ok(()) };
        let sealed = idempotency.seal(&idempotency.0.seal, outcome)?;
        self.keep_sealed(idempotency, about, sealed);
        Ok(())
    }

    /// The same for an outcome that holds a secret. Without an API key only the name's use is kept.
    pub(crate) fn record_secret(
        &mut self,
        idempotency: Option<&Idempotency>,
        outcome: &impl Serialize,
    ) -> Result<(), Error> {
        let Some(idempotency) = idempotency else { return Ok(()) };
        let sealed = match &idempotency.0.secret_seal {
            Some(seal) => idempotency.seal(seal, outcome)?,
            None => idempotency.seal(&idempotency.0.seal, &())?,
        };
        self.keep_sealed(idempotency, None, sealed);
        Ok(())
    }

    fn keep_sealed(&mut self, idempotency: &Idempotency, about: Option<Uuid>, sealed: Vec<u8>) {
        let forget_at = Timestamp(idempotency.0.core.now().0.saturating_add(milliseconds(KEPT)));
        self.keep(ActiveModel {
            id: Set(idempotency.0.id.to_vec()),
            fingerprint: Set(idempotency.fingerprint().to_vec()),
            outcome: Set(sealed),
            forget_at: Set(forget_at),
            call_id: Set(about),
        });
    }
}
