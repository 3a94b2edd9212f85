//! Rows of `api_key`, as the service's writer and the command line find, insert and revoke them.

use std::time::Duration;

use entity::api_key::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use super::Scope;
use crate::{Error, Timestamp, policy::milliseconds};

/// Label of the key from the admin key file.
pub const FILE_LABEL: &str = "admin key file";
/// How long an admin key must stay usable to take the place of another that is revoked: long enough to notice, and to
/// make a new one.
const LASTING: Duration = Duration::from_hours(7 * 24);

/// A key that is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// What it could do.
    pub scope: Scope,
    /// When it had been revoked before; none if this has revoked it.
    pub before: Option<Timestamp>,
    /// Whether another admin key is usable. Without one, nobody can manage keys over HTTP.
    pub admin_remains: bool,
    /// Whether one stays usable for a week, or for as long as the revoked one would have.
    pub admin_lasts: bool,
}

/// All keys, oldest first.
pub(super) fn select() -> sea_orm::Select<Entity> {
    Entity::find().order_by_asc(Column::Id)
}

pub(super) async fn insert(transaction: &impl ConnectionTrait, key: Model) -> Result<(), DbErr> {
    let row: ActiveModel = key.into_active_model().reset_all();
    Entity::insert(row).exec_without_returning(transaction).await.map(drop)
}

pub(super) async fn update(transaction: &impl ConnectionTrait, key: Model) -> Result<(), DbErr> {
    Entity::update(key.into_active_model().reset_all()).exec(transaction).await.map(drop)
}

/// Keys that are neither revoked nor expired.
pub(super) fn usable(now: Timestamp) -> sea_orm::Select<Entity> {
    let lasts = Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now));
    Entity::find().filter(Column::RevokedAt.is_null()).filter(lasts)
}

/// Makes other nodes that make or revoke keys wait for this transaction, so that no two of them each take the other's
/// admin key for the one that stays. On SQLite every transaction that writes is alone.
pub(super) async fn lock(transaction: &impl ConnectionTrait) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared("LOCK TABLE api_key IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    Ok(())
}

/// Refuses a key that would leave keys without anyone who may manage them. Made at `created_at`, which is now.
pub(super) async fn require_admin(transaction: &impl ConnectionTrait, key: &Model) -> Result<(), Error> {
    let admins = usable(key.created_at).filter(Column::Scope.eq(Scope::Admin));
    if key.scope == Scope::Admin || admins.count(transaction).await? > 0 {
        return Ok(());
    }
    Err(Error::AdminKeyRequired)
}

/// Revoking a key again is no error and changes nothing. The check for other admin keys is in the same transaction as
/// the change, under the lock, so that two admins cannot revoke each other's key at the same moment.
///
/// # Errors
/// `KeyNotFound`; `LastAdminKey` if no other admin key stays usable for a week, unless `force`; or a failing database.
pub(super) async fn revoke(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    now: Timestamp,
    force: bool,
) -> Result<Revoked, Error> {
    lock(transaction).await?;
    let key = Entity::find_by_id(id).one(transaction).await?.ok_or(Error::KeyNotFound)?;
    let others = usable(now).filter(Column::Scope.eq(Scope::Admin)).filter(Column::Id.ne(id));
    let admin_remains = others.clone().count(transaction).await? > 0;
    let until = Timestamp(now.0.saturating_add(milliseconds(LASTING)));
    let until = key.expires_at.map_or(until, |end| end.min(until));
    let lasting = Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gte(until));
    let admin_lasts = others.filter(lasting).count(transaction).await? > 0;
    let revoked = Revoked { scope: key.scope, before: key.revoked_at, admin_remains, admin_lasts };
    if revoked.before.is_some() {
        return Ok(revoked);
    }
    let is_usable_admin = key.scope == Scope::Admin && key.expires_at.is_none_or(|end| end > now);
    if is_usable_admin && !force && !admin_lasts {
        return Err(Error::LastAdminKey);
    }
    update(transaction, Model { revoked_at: Some(now), ..key }).await?;
    Ok(revoked)
}
