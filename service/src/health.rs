//! Whether the service can do its work.

use std::time::Duration;

use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};

use crate::{Callstore, Error, Status};

/// What is needed for work, and whether it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// The database answers and can be written.
    pub database: bool,
    /// The recording store can be written.
    pub store: bool,
    /// There is room for recordings and chunks.
    pub free_space: bool,
    /// Bytes that are free where recordings are kept.
    pub free_bytes: u64,
}

/// Below this much free space the service is not ready.
const FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;

/// How long the database may take to take a write; a health check does not wait behind all others.
const PATIENCE: Duration = Duration::from_secs(2);

impl Health {
    /// Whether all of it is there.
    #[must_use]
    pub fn ready(self) -> bool {
        self.database && self.store && self.free_space
    }
}

impl Callstore {
    /// Sets the gauges that are counted rather than kept: calls under way, and free space.
    ///
    /// # Errors
    /// A failing database.
    pub async fn record_gauges(&self) -> Result<(), Error> {
        use entity::call::{Column, Entity};
        for (status, gauge) in
            [(Status::Active, "callstore_active_calls"), (Status::Finalizing, "callstore_finalizing_calls")]
        {
            let calls = Entity::find().filter(Column::DeletedAt.is_null()).filter(Column::Status.eq(status));
            metrics::gauge!(gauge).set(calls.count(self.0.database.readers()).await? as f64);
        }
        let store = self.0.store.clone();
        let free = tokio::task::spawn_blocking(move || store.free_bytes()).await;
        if let Ok(Ok(free)) = free {
            metrics::gauge!("callstore_free_bytes").set(free as f64);
        }
        Ok(())
    }

    /// Looks at the database, the store and the free space.
    pub async fn health(&self) -> Health {
        let Self(inner) = self;
        let database = inner.database.clone();
        // A task of its own, since a transaction that is being begun must not be dropped half-way.
        let probe = tokio::spawn(async move {
            let read = entity::call::Entity::find().limit(1).one(database.readers()).await;
            // An empty transaction takes the write lock, which is what a write would need.
            let transaction = database.begin().await;
            read.is_ok() && transaction.is_ok()
        });
        let database = tokio::time::timeout(PATIENCE, probe).await.is_ok_and(|probed| probed.unwrap_or(false));
        let store = inner.store.clone();
        let (writable, free_bytes) =
            tokio::task::spawn_blocking(move || (store.probe().is_ok(), store.free_bytes().unwrap_or(0)))
                .await
                .unwrap_or((false, 0));
        Health { database, store: writable, free_space: free_bytes >= FREE_BYTES_MIN, free_bytes }
    }
}
