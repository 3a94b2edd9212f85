//! Creates, lists, changes and deletes endpoints, and rotates their secrets.
//!
//! Secrets are random and made here. A person sees one once: in the response that makes it, or in its repetition for
//! the same `Idempotency-Key` and API key. The database holds it sealed, with a key that is made from the secret that
//! signs links. So an endpoint's secret does not stand in a dump of its table, or in a log of statements; whoever has
//! the whole database can open it.

use std::time::Duration;

use entity::{
    delivery,
    webhook::{Column, Entity, Model},
};
use futures_util::FutureExt;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait,
};
use uuid::Uuid;

use super::{
    NewWebhook, Webhook, WebhookChange, WebhookSecret, Webhooks,
    model::{check_types, store_types},
    signature::{new_secret, shown},
    target,
};
use crate::{Error, Idempotency, Page, Slice, Timestamp, limits::WEBHOOKS_MAX, policy::milliseconds, seal};

/// How long the secret before a rotation goes on to sign.
const OVERLAP: Duration = Duration::from_hours(24);
/// Most characters of a description.
const DESCRIPTION_MAX: usize = 256;
/// Deliveries deleted per transaction.
const SLICE: u64 = 500;

fn check_description(description: Option<&str>) -> Result<(), Error> {
    let fits = |text: &str| (1..=DESCRIPTION_MAX).contains(&text.chars().count()) && !text.contains('\0');
    if description.is_none_or(fits) {
        return Ok(());
    }
    Err(Error::invalid("/description", format!("Must be 1 to {DESCRIPTION_MAX} characters long, without NUL.")))
}

/// Reads a row in the transaction that changes it.
async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Model, Error> {
    Entity::find_by_id(id).one(connection).await?.ok_or(Error::WebhookNotFound)
}

/// Writes a row back, whole.
async fn store(connection: &impl ConnectionTrait, row: Model) -> Result<Model, Error> {
    Ok(Entity::update(row.into_active_model().reset_all()).exec(connection).await?)
}

impl Webhooks {
    /// Creates an endpoint. It is told of what happens from now on. With `idempotency`, a retry returns the stored
    /// outcome, including the secret.
    ///
    /// # Errors
    /// `Invalid`, `TooManyWebhooks`, `IdempotencyKeyReused`, `Random`, or a failing database.
    pub async fn create(&self, new: NewWebhook, idempotency: Option<&Idempotency>) -> Result<WebhookSecret, Error> {
        target::read(new.url.expose(), &self.sender.guard)?;
        check_types(new.types.as_deref())?;
        check_description(new.description.as_deref())?;
        let (id, now, secret) = (self.core.ids.next(), self.core.now(), new_secret()?);
        let sealed = self.seal(id, &secret).await?;
        let made = (id, now, shown(&secret));
        let (outbox, idempotency, replayed) = (self.outbox.clone(), idempotency.cloned(), idempotency.cloned());
        let made = self.core.write(None, 0, move |batch| {
            async move {
                if let Some(before) = batch.recall_secret(idempotency.as_ref()).await? {
                    return Ok(before);
                }
                if Entity::find().count(batch.transaction()).await? >= WEBHOOKS_MAX {
                    return Err(Error::TooManyWebhooks);
                }
                let row = Model {
                    id: made.0,
                    url: new.url,
                    description: new.description,
                    types: new.types.as_deref().map(store_types),
                    include_data: new.include_data,
                    enabled: new.enabled,
                    disabled_reason: None,
                    secret: sealed,
                    previous_secret: None,
                    previous_until: None,
                    position: outbox.newest_position(batch.transaction()).await?,
                    failing_since: None,
                    paused_until: None,
                    created_at: made.1,
                    updated_at: made.1,
                };
                let insert = Entity::insert(row.clone().into_active_model());
                insert.exec_without_returning(batch.transaction()).await?;
                let made = (row, made.2);
                batch.record_secret(idempotency.as_ref(), &made)?;
                Ok(made)
            }
            .boxed()
        });
        let (row, secret): (Model, String) = made.await?;
        if !replayed.is_some_and(|idempotency| idempotency.is_replayed()) {
            tracing::info!(webhook = %row.id, "A webhook was created.");
        }
        Ok(WebhookSecret { webhook: row.into(), secret: secret.into() })
    }

    /// All endpoints, oldest first.
    ///
    /// # Errors
    /// A failing database.
    pub async fn list(&self, page: Page) -> Result<Slice<Webhook>, Error> {
        let rows = Entity::find().order_by_asc(Column::Id).offset(page.offset).limit(page.limit + 1);
        Ok(Slice::cut(rows.all(self.core.database.readers()).await?, page.limit))
    }

    /// An endpoint.
    ///
    /// # Errors
    /// `WebhookNotFound`, or a failing database.
    pub async fn get(&self, id: Uuid) -> Result<Webhook, Error> {
        Ok(find(self.core.database.readers(), id).await?.into())
    }

    /// Changes an endpoint. One that is enabled again is told of what happens from now on; events in between are not
    /// queued ([`replay`](Self::replay) does so).
    ///
    /// # Errors
    /// `WebhookNotFound`, `Invalid`, or a failing database.
    pub async fn update(&self, id: Uuid, change: WebhookChange) -> Result<Webhook, Error> {
        if let Some(url) = &change.url {
            target::read(url.expose(), &self.sender.guard)?;
        }
        check_types(change.types.as_ref().and_then(Option::as_deref))?;
        check_description(change.description.as_ref().and_then(Option::as_deref))?;
        let (now, outbox) = (self.core.now(), self.outbox.clone());
        let changed = self.core.write(None, 0, move |batch| {
            async move {
                let mut row = find(batch.transaction(), id).await?;
                let before = row.clone();
                row.url = change.url.unwrap_or(row.url);
                row.description = change.description.unwrap_or(row.description);
                row.types = change.types.map_or(row.types, |types| types.as_deref().map(store_types));
                row.include_data = change.include_data.unwrap_or(row.include_data);
                match change.enabled {
                    Some(true) if !row.enabled => {
                        (row.enabled, row.disabled_reason) = (true, None);
                        (row.failing_since, row.paused_until) = (None, None);
                        row.position = outbox.newest_position(batch.transaction()).await?;
                    }
                    Some(false) if row.enabled => row.enabled = false,
                    Some(_) | None => {}
                }
                if row == before {
                    return Ok(row);
                }
                row.updated_at = now;
                store(batch.transaction(), row).await
            }
            .boxed()
        });
        let changed = changed.await?.into();
        self.wake();
        Ok(changed)
    }

    /// Gives an endpoint a new secret. The previous one signs too for 24 hours.
    ///
    /// # Errors
    /// `WebhookNotFound`, `IdempotencyKeyReused`, `Random`, or a failing database.
    pub async fn rotate(&self, id: Uuid, idempotency: Option<&Idempotency>) -> Result<WebhookSecret, Error> {
        let (now, secret) = (self.core.now(), new_secret()?);
        let sealed = self.seal(id, &secret).await?;
        let idempotency = idempotency.cloned();
        let made = self.core.write(None, 0, move |batch| {
            async move {
                if let Some(before) = batch.recall_secret(idempotency.as_ref()).await? {
                    return Ok(before);
                }
                let mut row = find(batch.transaction(), id).await?;
                row.previous_secret = Some(std::mem::replace(&mut row.secret, sealed));
                row.previous_until = Some(Timestamp(now.0.saturating_add(milliseconds(OVERLAP))));
                row.updated_at = now;
                let made = (store(batch.transaction(), row).await?, shown(&secret));
                batch.record_secret(idempotency.as_ref(), &made)?;
                Ok(made)
            }
            .boxed()
        });
        let (row, secret): (Model, String) = made.await?;
        Ok(WebhookSecret { webhook: row.into(), secret: secret.into() })
    }

    /// Deletes an endpoint with its deliveries, in slices. Attempts under way end, and nothing is noted of them.
    ///
    /// # Errors
    /// `WebhookNotFound`, or a failing database.
    pub async fn delete(&self, id: Uuid) -> Result<(), Error> {
        self.update(id, WebhookChange { enabled: Some(false), ..WebhookChange::default() }).await?;
        loop {
            let deleted = self.core.write(None, 0, move |batch| {
                async move {
                    use delivery::{Column, Entity};
                    let rows = Entity::find().select_only().column(Column::Id).filter(Column::WebhookId.eq(id));
                    let rows = rows.limit(SLICE).into_query();
                    let slice = Entity::delete_many().filter(Column::Id.in_subquery(rows));
                    Ok(slice.exec(batch.transaction()).await?.rows_affected)
                }
                .boxed()
            });
            if deleted.await? < SLICE {
                break;
            }
        }
        let deleted = self.core.write(None, 0, move |batch| {
            async move { Ok(Entity::delete_by_id(id).exec(batch.transaction()).await?.rows_affected) }.boxed()
        });
        if deleted.await? == 0 {
            return Err(Error::WebhookNotFound);
        }
        self.core.note_deleted();
        tracing::info!(webhook = %id, "A webhook was deleted.");
        Ok(())
    }

    /// The key that seals secrets, made from the secret that signs.
    async fn seal_key(&self) -> Result<seal::SealKey, Error> {
        self.signing.signer().await?.sign("seal of webhooks' secrets", &[])
    }

    /// Seals a secret for one endpoint: under the name of another it does not open.
    async fn seal(&self, id: Uuid, secret: &[u8]) -> Result<Vec<u8>, Error> {
        seal::seal(&self.seal_key().await?, id.as_bytes(), secret.to_vec())
    }

    /// The secrets that sign at the moment, the current one first.
    pub(super) async fn secrets(&self, hook: &Model, now: Timestamp) -> Result<Vec<Vec<u8>>, Error> {
        let key = self.seal_key().await?;
        let previous = hook.previous_secret.as_ref().filter(|_| hook.previous_until.is_some_and(|until| now < until));
        let open = |sealed: &Vec<u8>| {
            seal::open(&key, hook.id.as_bytes(), sealed.clone()).ok_or(Error::Damaged("a webhook's secret"))
        };
        std::iter::once(&hook.secret).chain(previous).map(open).collect()
    }
}
