//! Metadata: descriptive data on a call, at most one record per call.
//!
//! Unlike analytics it has one current state, which several clients may change. Every change is conditional if the
//! client says so, and is decided in the transaction that writes.

mod merge;
mod model;

use std::collections::HashMap;

use entity::call_metadata::{ActiveModel, Column, Entity};
use futures_util::FutureExt;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    IntoActiveModel, ModelTrait, QueryFilter, TryIntoModel,
};
use serde_json::{Map, Value};
use uuid::Uuid;

pub use model::{Metadata, MetadataChange, MetadataSet, NewMetadata};

use crate::{
    Author, Error, Precondition, Private, Timestamp,
    calls::CallRef,
    core::Core,
    limits::{JSON_MAX_BYTES, check_json},
    outbox::Cause,
};
use merge::merge;

/// Operations on metadata.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Author, CallRef, Error, MetadataChange, NewCall, NewMetadata, Precondition, Versioned, Versions};
///
/// let call = callstore.calls.start(NewCall::default(), Author::default(), None).await?.call;
/// let call = CallRef::parse(&call.stream_sid).unwrap();
/// let new = NewMetadata { language: Some("en".to_owned()), ..NewMetadata::default() };
/// let seen = callstore.metadata.set(&call, new, Author::default(), Precondition::default()).await?.metadata;
///
/// // A client changes only what it has seen: its version goes into the condition.
/// let change = MetadataChange { region: Some(Some("us-west".to_owned())), ..MetadataChange::default() };
/// let only = |version| Precondition { if_match: Some(Versions::OneOf(vec![version])), ..Precondition::default() };
/// callstore.metadata.update(&call, change.clone(), Author::default(), only(seen.version())).await?;
/// let refused = callstore.metadata.update(&call, change, Author::default(), only(seen.version())).await;
/// assert!(matches!(refused, Err(Error::PreconditionFailed { .. })));
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct MetadataRecords {
    core: Core,
}

impl MetadataRecords {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// Replaces a call's metadata.
    ///
    /// # Errors
    /// `CallNotFound`, `PreconditionFailed`, `Invalid` for custom data that is too large or too deep, or a failing
    /// database.
    pub async fn set(
        &self,
        call: &CallRef,
        new: NewMetadata,
        author: Author,
        condition: Precondition,
    ) -> Result<MetadataSet, Error> {
        self.change(call, author, condition, |row| {
            row.language = Set(new.language);
            row.region = Set(new.region);
            row.device_type = Set(new.device_type);
            row.network_quality = Set(new.network_quality);
            row.custom_data = Set(new.custom_data);
        })
        .await
    }

    /// Changes a call's metadata, creating it if there is none.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub async fn update(
        &self,
        call: &CallRef,
        change: MetadataChange,
        author: Author,
        condition: Precondition,
    ) -> Result<MetadataSet, Error> {
        self.change(call, author, condition, |row| {
            let fields = [
                (&mut row.language, change.language),
                (&mut row.region, change.region),
                (&mut row.device_type, change.device_type),
                (&mut row.network_quality, change.network_quality),
            ];
            for (field, change) in fields {
                if let Some(value) = change {
                    *field = Set(value);
                }
            }
            if let Some(patch) = change.custom_data {
                let before = row.custom_data.take().flatten().unwrap_or_default().into_inner();
                row.custom_data = Set(patch.map(|patch| patch.map(|patch| merge(before, patch))));
            }
        })
        .await
    }

    /// A call's metadata.
    ///
    /// # Errors
    /// `CallNotFound`, `MetadataNotFound`, or a failing database.
    pub async fn get(&self, call: &CallRef) -> Result<Metadata, Error> {
        let (snapshot, call) = self.core.snapshot_of(call).await?;
        metadata_of(&snapshot, call.id).await?.ok_or(Error::MetadataNotFound)
    }

    /// Deletes a call's metadata.
    ///
    /// # Errors
    /// `PreconditionFailed`, and as [`get`](Self::get).
    pub async fn delete(&self, call: &CallRef, condition: Precondition) -> Result<(), Error> {
        let (core, about, call) = (self.core.clone(), call, call.clone());
        self.core
            .write(Some(about), 0, move |batch| {
                async move {
                    let call_id = batch.call_id(&call).await?;
                    let stored = Entity::find_by_id(call_id).one(batch.transaction()).await?;
                    let stored = stored.ok_or(Error::MetadataNotFound)?;
                    condition.check(Some(&stored))?;
                    stored.delete(batch.transaction()).await?;
                    core.note_write(batch.state(), call_id);
                    batch.state().tell(Cause::metadata_updated(call_id, true), core.now());
                    Ok(())
                }
                .boxed()
            })
            .await?;
        self.core.note_deleted();
        Ok(())
    }

    async fn change(
        &self,
        call: &CallRef,
        author: Author,
        condition: Precondition,
        change: impl FnOnce(&mut ActiveModel) + Send + 'static,
    ) -> Result<MetadataSet, Error> {
        let (core, about, call) = (self.core.clone(), call, call.clone());
        self.core
            .write(Some(about), JSON_MAX_BYTES, move |batch| {
                async move {
                    let call_id = batch.call_id(&call).await?;
                    let now = core.now();
                    let stored = Entity::find_by_id(call_id).one(batch.transaction()).await?;
                    condition.check(stored.as_ref())?;
                    let created = stored.is_none();
                    let mut row = stored.map_or_else(|| empty(call_id, now), IntoActiveModel::into_active_model);
                    change(&mut row);
                    check_json(
                        "/customData",
                        row.custom_data.try_as_ref().and_then(Option::as_ref).map(Private::expose),
                    )?;
                    row.updated_at = Set(now);
                    row.created_by = Set(author.created_by());
                    let transaction = batch.transaction();
                    let row = if created { row.insert(transaction).await? } else { row.update(transaction).await? };
                    core.note_write(batch.state(), call_id);
                    batch.state().tell(Cause::metadata_updated(call_id, false), now);
                    Ok(MetadataSet { metadata: row.try_into_model()?.into(), created })
                }
                .boxed()
            })
            .await
    }
}

/// A call's metadata, by the call's id.
pub(crate) async fn metadata_of(connection: &impl ConnectionTrait, call: Uuid) -> Result<Option<Metadata>, DbErr> {
    Ok(Entity::find_by_id(call).one(connection).await?.map(Into::into))
}

/// The metadata of many calls, by the call's id. Calls without metadata are absent.
pub(crate) async fn metadata_of_calls(
    connection: &impl ConnectionTrait,
    calls: &[Uuid],
) -> Result<HashMap<Uuid, Metadata>, DbErr> {
    let rows = Entity::find().filter(Column::CallId.is_in(calls.iter().copied())).all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.call_id, row.into())).collect())
}

/// Adds a field to a call's custom data, unless the field exists or the object would exceed its limits. Returns whether
/// it did.
pub(crate) async fn add_custom_field(
    transaction: &DatabaseTransaction,
    call_id: Uuid,
    (name, value): (&str, Private),
    author: &Author,
    now: Timestamp,
) -> Result<bool, Error> {
    let stored = Entity::find_by_id(call_id).one(transaction).await?;
    let created = stored.is_none();
    let mut row = stored.map_or_else(|| empty(call_id, now), IntoActiveModel::into_active_model);
    let mut fields = match row.custom_data.take().flatten().map(Private::into_inner) {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    if fields.contains_key(name) {
        return Ok(false);
    }
    fields.insert(name.to_owned(), value.into_inner().into());
    let fields = Value::Object(fields);
    if check_json("", Some(&fields)).is_err() {
        return Ok(false);
    }
    row.custom_data = Set(Some(fields.into()));
    row.updated_at = Set(now);
    row.created_by = Set(author.created_by());
    if created {
        row.insert(transaction).await?
    } else {
        row.update(transaction).await?
    };
    Ok(true)
}

fn empty(call_id: Uuid, now: Timestamp) -> ActiveModel {
    ActiveModel {
        call_id: Set(call_id),
        language: Set(None),
        region: Set(None),
        device_type: Set(None),
        network_quality: Set(None),
        custom_data: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
        created_by: Set(None),
    }
}
