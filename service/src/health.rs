//! The service's health, and the gauges of its resources.
//!
//! Both questions are asked by machines: a load balancer asks whether to send requests here, a monitor reads the
//! gauges. Neither may hang when the database does, so both have a time limit.

use std::time::Duration;

use audio::number::{real, wide};
use futures_util::FutureExt;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};

use crate::{Error, IndexProgress, Status, calls::Visible, core::Core, search::Indexing};

/// Whether the service can work, by resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// The database answers and accepts writes.
    pub database: bool,
    /// The recording store accepts writes.
    pub store: bool,
    /// There is enough free space for new calls.
    pub free_space: bool,
    /// Free bytes for the database or the recordings, whichever has less; `None` if both are on other machines.
    pub free_bytes: Option<u64>,
    /// How far transcripts from before are indexed for search; `None` once all are. It does not make the service
    /// unready.
    pub indexing: Option<IndexProgress>,
}

/// How long the database may take to answer. A health check must not wait for a full queue.
const PATIENCE: Duration = Duration::from_secs(2);

impl Health {
    /// Whether the service can take requests.
    #[must_use]
    pub fn ready(self) -> bool {
        self.database && self.store && self.free_space
    }
}

/// Checks of the service's health, and gauges of its resources.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// let health = callstore.health.check().await;
/// assert!(health.ready() && health.database && health.store);
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct HealthChecks {
    core: Core,
    indexing: Indexing,
}

impl HealthChecks {
    pub(crate) fn new(core: Core, indexing: Indexing) -> Self {
        Self { core, indexing }
    }

    /// Sets the gauges that are measured on demand: calls by status, queue, free space, size. A gauge that cannot be
    /// measured is NaN; the others are still set.
    pub async fn record_gauges(&self) {
        use entity::call::{Column, Entity};
        for (status, gauge) in
            [(Status::Active, "callstore_active_calls"), (Status::Finalizing, "callstore_finalizing_calls")]
        {
            let calls = Entity::find().visible().filter(Column::Status.eq(status));
            let counted = tokio::time::timeout(PATIENCE, calls.count(self.core.database.readers())).await;
            set_gauge(gauge, counted.ok().and_then(Result::ok));
        }
        set_gauge("callstore_write_queue_bytes", Some(wide(self.core.writer.waiting_kib()) * 1024));
        set_gauge("callstore_min_free_bytes", Some(self.core.policy.min_free_bytes));
        let core = self.core.clone();
        let free = tokio::task::spawn_blocking(move || core.free_bytes().ok().flatten()).await.unwrap_or_default();
        set_gauge("callstore_free_bytes", free);
        let size = tokio::time::timeout(PATIENCE, self.core.database.storage().size_bytes()).await;
        set_gauge("callstore_database_bytes", size.ok().and_then(Result::ok));
    }

    /// Checks the database, the recording store and the free space.
    ///
    /// Reads one row, sends an empty write through the queue, writes and removes a probe in the store, and looks at the
    /// free space. Nothing is cached: an answer is as true as it can be.
    pub async fn check(&self) -> Health {
        let probe = async {
            let read = entity::call::Entity::find().limit(1).one(self.core.database.readers()).await;
            let written = self.core.write(None, 0, |batch| async { Ok(batch.check_writable().await?) }.boxed()).await;
            // A full write queue is no reason to stop sending reads here.
            read.is_ok() && matches!(written, Ok(()) | Err(Error::Overloaded))
        };
        let database = tokio::time::timeout(PATIENCE, probe).await.unwrap_or(false);
        let store = self.core.store.probe().await.is_ok();
        let core = self.core.clone();
        let look = move || core.free_bytes().unwrap_or(Some(0));
        let free_bytes = tokio::task::spawn_blocking(look).await.unwrap_or(Some(0));
        let indexing = tokio::time::timeout(PATIENCE, self.indexing.current()).await;
        let indexing = indexing.ok().and_then(Result::ok).flatten();
        Health { database, store, free_space: self.core.policy.has_room(free_bytes), free_bytes, indexing }
    }
}

fn set_gauge(name: &'static str, value: Option<u64>) {
    metrics::gauge!(name).set(value.map_or(f64::NAN, real));
}
