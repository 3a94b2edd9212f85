//! Rotates keys: a new key takes the place of an old one, which stays valid for a while.

use std::time::Duration;

use entity::api_key::{Entity, Model};
use futures_util::FutureExt;
use sea_orm::{ActiveEnum, ConnectionTrait, EntityTrait};
use uuid::Uuid;

use super::{
    CreatedKey, Keys, Secret,
    manage::resource,
    secret::hash,
    stored::{FILE_LABEL, insert, lock, update},
};
use crate::{Clock, Database, Error, Idempotency, Ids, Timestamp, audit::enter_command, policy::milliseconds};

impl Keys {
    /// Replaces a key by a new one with the same scope, label, limits and expiry. Calls of the old key are the new
    /// one's as well. The old key stays valid for `overlap`. With `idempotency`, a retry returns the stored outcome,
    /// including the new key.
    ///
    /// # Errors
    /// `KeyNotFound`, `KeyNotRotatable`, `IdempotencyKeyReused`, `Random`, or a failing database.
    pub async fn rotate(
        &self,
        id: Uuid,
        overlap: Duration,
        idempotency: Option<&Idempotency>,
    ) -> Result<CreatedKey, Error> {
        let (new_id, now, secret) = (self.core.ids.next(), self.core.now(), Secret::random()?);
        let (idempotency, replayed) = (idempotency.cloned(), idempotency.cloned());
        let made = self.core.write(None, 0, move |batch| {
            async move {
                if let Some(before) = batch.recall_secret(idempotency.as_ref()).await? {
                    return Ok(before);
                }
                let row = replace(batch.transaction(), id, new_id, &secret, now, overlap).await?;
                let made = (row, secret.expose().to_owned());
                batch.record_secret(idempotency.as_ref(), &made)?;
                Ok(made)
            }
            .boxed()
        });
        let (row, secret): (Model, String) = made.await?;
        if !replayed.is_some_and(|idempotency| idempotency.is_replayed()) {
            tracing::info!(key = %id, by = %row.id, scope = row.scope.to_value(), "A key was rotated.");
        }
        self.read_changed().await;
        Ok(CreatedKey { key: row.into(), secret: Secret::new(secret) })
    }
}

impl Database {
    /// Replaces a key, as [`Keys::rotate`], for the command line.
    ///
    /// # Errors
    /// As for [`Keys::rotate`].
    pub async fn rotate_key(
        &self,
        id: Uuid,
        overlap: Duration,
        clock: &dyn Clock,
        ids: &dyn Ids,
    ) -> Result<CreatedKey, Error> {
        let secret = Secret::random()?;
        let transaction = self.begin().await?;
        let row = replace(&transaction, id, ids.next(), &secret, clock.now(), overlap).await?;
        enter_command(&transaction, "rotateKey", resource(id), clock, ids).await?;
        transaction.commit().await?;
        Ok(CreatedKey { key: row.into(), secret })
    }
}

/// Inserts the new key and lets the old one expire. Returns the row of the new one.
///
/// Both rows change in the caller's transaction. The family goes over to the new key: calls that belong to the old one,
/// and the names of its idempotent requests, belong to the new one as well. A rotation never extends the life of a key:
/// the new one expires when the old one would have.
async fn replace(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    new_id: Uuid,
    secret: &Secret,
    now: Timestamp,
    overlap: Duration,
) -> Result<Model, Error> {
    lock(transaction).await?;
    let old = Entity::find_by_id(id).one(transaction).await?.ok_or(Error::KeyNotFound)?;
    check(&old, now)?;
    let new = Model {
        id: new_id,
        hash: hash(secret.expose()).to_vec(),
        created_at: now,
        family_id: Some(old.family_id.unwrap_or(old.id)),
        last_used_at: None,
        ..old.clone()
    };
    let until = Timestamp(now.0.saturating_add(milliseconds(overlap)));
    let until = old.expires_at.map_or(until, |end| end.min(until));
    update(transaction, Model { expires_at: Some(until), replaced_by: Some(new_id), ..old }).await?;
    insert(transaction, new.clone()).await?;
    Ok(new)
}

/// Refuses keys that cannot be rotated.
fn check(key: &Model, now: Timestamp) -> Result<(), Error> {
    let why = if key.revoked_at.is_some() {
        "It was revoked. Create a new key."
    } else if key.replaced_by.is_some() {
        "It was rotated already. Rotate the key that replaced it; `replacedBy` has its id."
    } else if key.expires_at.is_some_and(|end| end <= now) {
        "It has expired. Create a new key."
    } else if key.label.as_deref() == Some(FILE_LABEL) {
        "It comes from the admin key file. Write a new key into the file and restart the service."
    } else {
        return Ok(());
    };
    Err(Error::KeyNotRotatable { why })
}
