//! Creates, lists and revokes keys: for the service through its writer, and for the command line directly in the
//! database.
//!
//! Two ways lead to the same rules: requests, through the writer, and the command line, through a transaction of its
//! own, since it works without a service too. Both write an audit entry with the change.
//!
//! The first key closes the service for good: everybody had access until then, and nobody without a key has it
//! afterwards. It must therefore be an admin key, and the last one is not revoked by accident.

use entity::api_key::{Column, Entity, Model};
use futures_util::FutureExt;
use sea_orm::{
    ActiveEnum, ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{
    ApiKey, Keys, Scope, Secret, network,
    secret::hash,
    stored::{FILE_LABEL, Revoked, insert, lock, require_admin, revoke, select, usable},
};
use crate::{Clock, Database, Error, Idempotency, Ids, Page, Slice, Timestamp, audit::enter_command};

/// Longest label, in characters.
const LABEL_MAX: usize = 128;

/// A key to be created.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What it may do.
    pub scope: Scope,
    /// A note on what it is for, up to 128 characters.
    pub label: Option<String>,
    /// When it expires; `None` if never.
    pub expires_at: Option<Timestamp>,
    /// Whether it writes only to calls that it started. Only a key of scope `ingest` can be limited so.
    pub own_calls_only: bool,
    /// The networks from which it may be used, in CIDR notation; `None` for all.
    pub allowed_networks: Option<Vec<String>>,
}

/// A newly created key.
#[derive(Clone, Debug)]
pub struct CreatedKey {
    /// What is known of it.
    pub key: ApiKey,
    /// The key in plain text, which is not stored.
    pub secret: Secret,
}

impl NewKey {
    /// Validates the fields and generates the key. Its row must still be stored.
    fn make(self, id: Uuid, now: Timestamp) -> Result<(Model, Secret), Error> {
        let label = self.label.as_deref();
        if label.is_some_and(|label| !(1..=LABEL_MAX).contains(&label.chars().count()) || label.contains('\0')) {
            return Err(Error::invalid("/label", format!("Must be 1 to {LABEL_MAX} characters long, without NUL.")));
        }
        if label == Some(FILE_LABEL) {
            return Err(Error::invalid(
                "/label",
                "This label is reserved for the key in the admin key file. Choose another one.",
            ));
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(Error::invalid("/expiresAt", "Must be in the future."));
        }
        if self.own_calls_only && self.scope != Scope::Ingest {
            let detail =
                "Only a key of scope ingest can be limited to its own calls. Choose that scope, or leave it out.";
            return Err(Error::invalid("/ownCallsOnly", detail));
        }
        let networks = self.allowed_networks.as_deref().map(network::parse).transpose()?;
        let secret = Secret::random()?;
        let row = Model {
            id,
            label: self.label,
            scope: self.scope,
            hash: hash(secret.expose()).to_vec(),
            created_at: now,
            expires_at: self.expires_at,
            revoked_at: None,
            family_id: None,
            own_calls_only: self.own_calls_only,
            allowed_networks: networks.as_deref().map(network::store),
            last_used_at: None,
            replaced_by: None,
        };
        Ok((row, secret))
    }
}

impl Keys {
    /// Creates a key. With `idempotency`, a retry returns the stored outcome, including the key.
    ///
    /// # Errors
    /// `Invalid` for a label or an expiry that is not allowed, `AdminKeyRequired` for a key of another scope while no
    /// admin key is usable, `IdempotencyKeyReused`, `Random`, or a failing database.
    pub async fn create(&self, new: NewKey, idempotency: Option<&Idempotency>) -> Result<CreatedKey, Error> {
        let (row, secret) = new.make(self.core.ids.next(), self.core.now())?;
        let (made, idempotency, replayed) =
            ((row, secret.expose().to_owned()), idempotency.cloned(), idempotency.cloned());
        let made = self.core.write(None, 0, |batch| {
            async move {
                if let Some(before) = batch.recall_secret(idempotency.as_ref()).await? {
                    return Ok(before);
                }
                lock(batch.transaction()).await?;
                require_admin(batch.transaction(), &made.0).await?;
                insert(batch.transaction(), made.0.clone()).await?;
                batch.record_secret(idempotency.as_ref(), &made)?;
                Ok(made)
            }
            .boxed()
        });
        let (row, secret) = made.await?;
        let key = ApiKey::from(row);
        if !replayed.is_some_and(|idempotency| idempotency.is_replayed()) {
            tracing::info!(key = %key.id, scope = key.scope.to_value(), "A key was made.");
        }
        self.read_changed().await;
        Ok(CreatedKey { key, secret: Secret::new(secret) })
    }

    /// All keys, oldest first, including revoked and expired ones.
    ///
    /// # Errors
    /// A failing database.
    pub async fn list(&self, page: Page) -> Result<Slice<ApiKey>, Error> {
        let keys = select().offset(page.offset).limit(page.limit + 1).all(self.core.database.readers()).await?;
        let mut keys: Slice<ApiKey> = Slice::cut(keys, page.limit);
        for key in &mut keys.items {
            key.last_used_at = key.last_used_at.max(self.usage.last(key.id));
        }
        Ok(keys)
    }

    /// Revokes a key for good. One that was revoked stays so. The last admin key that is usable for a while is revoked
    /// only with `force`.
    ///
    /// # Errors
    /// `KeyNotFound`, `LastAdminKey`, or a failing database.
    pub async fn revoke(&self, id: Uuid, force: bool) -> Result<Revoked, Error> {
        let now = self.core.now();
        let revoked =
            self.core.write(None, 0, move |batch| revoke(batch.transaction(), id, now, force).boxed()).await?;
        if revoked.before.is_none() {
            tracing::info!(key = %id, scope = revoked.scope.to_value(), "A key was revoked.");
        }
        self.read_changed().await;
        Ok(revoked)
    }

    /// Applies a change at once. If that fails, it applies with the next periodic reading.
    ///
    /// Only for this process; other nodes read within half a second.
    pub(super) async fn read_changed(&self) {
        if let Err(error) = self.read().await {
            tracing::warn!(%error, "The keys could not be read after a change.");
        }
    }
}

/// Operations of the command line, with or without a running service.
impl Database {
    /// Creates a key.
    ///
    /// # Errors
    /// As for [`Keys::create`].
    pub async fn create_key(&self, new: NewKey, clock: &dyn Clock, ids: &dyn Ids) -> Result<CreatedKey, Error> {
        let (row, secret) = new.make(ids.next(), clock.now())?;
        let transaction = self.begin().await?;
        lock(&transaction).await?;
        require_admin(&transaction, &row).await?;
        insert(&transaction, row.clone()).await?;
        enter_command(&transaction, "createKey", resource(row.id), clock, ids).await?;
        transaction.commit().await?;
        Ok(CreatedKey { key: row.into(), secret })
    }

    /// All keys, oldest first, including revoked and expired ones.
    ///
    /// # Errors
    /// A failing database.
    pub async fn list_keys(&self) -> Result<Vec<ApiKey>, Error> {
        Ok(select().all(self.readers()).await?.into_iter().map(Into::into).collect())
    }

    /// Revokes a key for good. One that was revoked stays so. The last admin key that is usable for a while is revoked
    /// only with `force`.
    ///
    /// # Errors
    /// `KeyNotFound`, `LastAdminKey`, or a failing database.
    pub async fn revoke_key(&self, id: Uuid, force: bool, clock: &dyn Clock, ids: &dyn Ids) -> Result<Revoked, Error> {
        let transaction = self.begin().await?;
        let revoked = revoke(&transaction, id, clock.now(), force).await?;
        enter_command(&transaction, "revokeKey", resource(id), clock, ids).await?;
        transaction.commit().await?;
        Ok(revoked)
    }

    /// Makes the key from the admin key file an admin key, and revokes an earlier key from that file. Returns false if
    /// the key was revoked before; it stays revoked.
    ///
    /// # Errors
    /// A failing database.
    pub async fn admit_admin_key(&self, secret: &Secret, clock: &dyn Clock, ids: &dyn Ids) -> Result<bool, Error> {
        let (hash, now) = (hash(secret.expose()).to_vec(), clock.now());
        let transaction = self.begin().await?;
        let known = Entity::find().filter(Column::Hash.eq(hash.clone())).one(&transaction).await?;
        let revoke = Entity::update_many().col_expr(Column::RevokedAt, Expr::value(now));
        let before = revoke.filter(Column::Label.eq(FILE_LABEL)).filter(Column::Hash.ne(hash.clone()));
        before.filter(Column::RevokedAt.is_null()).exec(&transaction).await?;
        let key = Model {
            id: known.as_ref().map_or_else(|| ids.next(), |known| known.id),
            label: Some(FILE_LABEL.to_owned()),
            scope: Scope::Admin,
            hash,
            created_at: known.as_ref().map_or(now, |known| known.created_at),
            expires_at: None,
            revoked_at: known.as_ref().and_then(|known| known.revoked_at),
            family_id: None,
            own_calls_only: false,
            allowed_networks: None,
            last_used_at: known.as_ref().and_then(|known| known.last_used_at),
            replaced_by: None,
        };
        let usable = key.revoked_at.is_none();
        match known {
            None => insert(&transaction, key).await?,
            Some(known) if known == key => {}
            Some(_) => drop(Entity::update(key.into_active_model().reset_all()).exec(&transaction).await?),
        }
        transaction.commit().await?;
        Ok(usable)
    }

    /// Whether any key is neither revoked nor expired.
    ///
    /// # Errors
    /// A failing database.
    pub async fn has_usable_key(&self, clock: &dyn Clock) -> Result<bool, Error> {
        Ok(usable(clock.now()).count(self.readers()).await? > 0)
    }
}

/// A key's resource in the audit trail.
pub(super) fn resource(id: Uuid) -> String {
    format!("/admin/keys/{id}")
}
