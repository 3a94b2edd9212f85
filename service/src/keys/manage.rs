//! Creates, lists and revokes keys: for the service through its writer, and for the command line directly in the
//! database.
//!
//! Two ways lead to the same rules: requests, through the writer, and the command line, through a transaction of its
//! own, since it works without a service too. Both write an audit entry with the change.
//!
//! The first key closes the service for good: everybody had access until then, and nobody without a key has it
//! afterwards. It must therefore be an admin key, and the last one is not revoked by accident.

use entity::api_key::{ActiveModel, Column, Entity, Model};
use futures_util::FutureExt;
use sea_orm::{
    ActiveEnum, ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait,
    IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::{ApiKey, Scope, Secret, ring::Keys, secret::hash};
use crate::{Clock, Database, Error, Idempotency, Ids, Page, Slice, Timestamp, audit::enter_command};

/// Label of the key from the admin key file.
pub const FILE_LABEL: &str = "admin key file";
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
}

/// A newly created key.
#[derive(Clone, Debug)]
pub struct CreatedKey {
    /// What is known of it.
    pub key: ApiKey,
    /// The key in plain text, which is not stored.
    pub secret: Secret,
}

/// A key that is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// What it could do.
    pub scope: Scope,
    /// When it had been revoked before; none if this has revoked it.
    pub before: Option<Timestamp>,
    /// Whether another admin key is usable. Without one, nobody can manage keys over HTTP.
    pub admin_remains: bool,
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
        let secret = Secret::random()?;
        let row = Model {
            id,
            label: self.label,
            scope: self.scope,
            hash: hash(secret.expose()).to_vec(),
            created_at: now,
            expires_at: self.expires_at,
            revoked_at: None,
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
                if let Some(before) = batch.recall(idempotency.as_ref()).await? {
                    return Ok(before);
                }
                lock(batch.transaction()).await?;
                require_admin(batch.transaction(), &made.0).await?;
                insert(batch.transaction(), made.0.clone()).await?;
                batch.record(idempotency.as_ref(), &made)?;
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
        Ok(Slice::cut(keys, page.limit))
    }

    /// Revokes a key for good. One that was revoked stays so. The last usable admin key is revoked only with `force`.
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
    async fn read_changed(&self) {
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

    /// Revokes a key for good. One that was revoked stays so. The last usable admin key is revoked only with `force`.
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
fn resource(id: Uuid) -> String {
    format!("/admin/keys/{id}")
}

fn select() -> sea_orm::Select<Entity> {
    Entity::find().order_by_asc(Column::Id)
}

async fn insert(transaction: &impl ConnectionTrait, key: Model) -> Result<(), DbErr> {
    let row: ActiveModel = key.into_active_model().reset_all();
    Entity::insert(row).exec_without_returning(transaction).await.map(drop)
}

/// Keys that are neither revoked nor expired.
fn usable(now: Timestamp) -> sea_orm::Select<Entity> {
    let lasts = Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now));
    Entity::find().filter(Column::RevokedAt.is_null()).filter(lasts)
}

/// Makes other nodes that make or revoke keys wait for this transaction, so that no two of them each take the other's
/// admin key for the one that stays. On SQLite every transaction that writes is alone.
async fn lock(transaction: &impl ConnectionTrait) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared("LOCK TABLE api_key IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    Ok(())
}

/// Refuses a key that would leave keys without anyone who may manage them. Made at `created_at`, which is now.
async fn require_admin(transaction: &impl ConnectionTrait, key: &Model) -> Result<(), Error> {
    let admins = usable(key.created_at).filter(Column::Scope.eq(Scope::Admin));
    if key.scope == Scope::Admin || admins.count(transaction).await? > 0 {
        return Ok(());
    }
    Err(Error::AdminKeyRequired)
}

async fn revoke(transaction: &impl ConnectionTrait, id: Uuid, now: Timestamp, force: bool) -> Result<Revoked, Error> {
    lock(transaction).await?;
    let key = Entity::find_by_id(id).one(transaction).await?.ok_or(Error::KeyNotFound)?;
    let others = usable(now).filter(Column::Scope.eq(Scope::Admin)).filter(Column::Id.ne(id));
    let admin_remains = others.count(transaction).await? > 0;
    let revoked = Revoked { scope: key.scope, before: key.revoked_at, admin_remains };
    if revoked.before.is_some() {
        return Ok(revoked);
    }
    let is_usable_admin = key.scope == Scope::Admin && key.expires_at.is_none_or(|end| end > now);
    if is_usable_admin && !force && !admin_remains {
        return Err(Error::LastAdminKey);
    }
    let row = Model { revoked_at: Some(now), ..key };
    Entity::update(row.into_active_model().reset_all()).exec(transaction).await?;
    Ok(revoked)
}
