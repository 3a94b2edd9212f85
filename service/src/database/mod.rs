//! The database: opening it and beginning transactions. Everything specific to SQLite or PostgreSQL is in here, behind
//! the trait [`Storage`]. The rest of the crate uses SeaORM.

mod chunks;
mod connections;
mod failure;
mod hits;
mod open_error;
mod paged;
mod postgres;
mod sqlite;
mod storage;
mod system;
mod url;
mod write_set;

use std::sync::Arc;

pub(crate) use chunks::{ChunkHead, ChunkOrder, ChunkReader};
use connections::Connections;
pub(crate) use failure::WriteFailure;
pub(crate) use hits::{Hit, HitsFrom};
pub use open_error::OpenError;
pub(crate) use paged::{GrowingChunks, OpenChunks, PagedChunks};
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
pub(crate) use storage::Storage;
pub(crate) use system::{free_bytes, parallelism};
pub use url::DatabaseUrl;
use url::Location;
pub(crate) use write_set::WriteSet;

use postgres::Postgres;
use sqlite::Sqlite;

/// An open database. Cheap to clone.
///
/// Two ways in: `begin` writes, and only the writer uses it; `snapshot` and the reading connections are for everybody.
/// Code outside of this folder sees neither SQLite nor PostgreSQL.
#[derive(Clone, Debug)]
pub struct Database(Arc<dyn Storage>);

impl Database {
    /// Opens the database, creating file and folder if they are missing. The schema may still have to be migrated.
    ///
    /// # Errors
    /// When the folder cannot be created, the file is not a database or cannot be written, SQLite is too old, or the
    /// server refuses the connection.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, OpenError> {
        Ok(Self(match &url.0 {
            Location::Sqlite(path) => Arc::new(Sqlite::open(path).await?),
            Location::Postgres(url) => Arc::new(Postgres::open(url).await?),
        }))
    }

    /// Opens the database for exclusive use, and creates it only if `create` is set. On PostgreSQL this only checks
    /// that no service is connected; services that start later are kept out within [`alone`](Self::alone).
    ///
    /// # Errors
    /// As for [`open`](Self::open), and `InUse` if another process has it open.
    pub async fn open_alone(url: &DatabaseUrl, create: bool) -> Result<Self, OpenError> {
        Ok(Self(match &url.0 {
            Location::Sqlite(path) => Arc::new(Sqlite::open_alone(path, create).await?),
            Location::Postgres(url) => Arc::new(Postgres::open_alone(url).await?),
        }))
    }

    /// What depends on the kind of database.
    pub(crate) fn storage(&self) -> &dyn Storage {
        &*self.0
    }

    /// The writing connection, for migrations. The service writes through `begin`.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        self.0.writer().pool()
    }

    /// The connections for requests that only read.
    pub(crate) fn readers(&self) -> &Connections {
        self.0.readers()
    }

    /// Begins a read transaction: all reads until it is dropped see one moment.
    pub(crate) async fn snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        self.readers().begin(self.0.read_options()).await
    }

    /// Begins a write. On SQLite this waits for the write lock, and holds it until the transaction is committed or
    /// dropped.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.0.writer().begin(self.0.write_options()).await
    }

    /// Runs work that only one node may do at a time, such as a migration; other nodes wait.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn alone<T>(&self, work: impl Future<Output = T>) -> Result<T, DbErr> {
        let lock = self.0.lock_schema().await?;
        let done = work.await;
        if let Some(lock) = lock {
            lock.close().await?;
        }
        Ok(done)
    }

    /// Makes sure, before anything is answered, that all that is stored is on disk, whatever happened to earlier
    /// processes. On a full or failing disk the service starts without that.
    pub async fn settle(&self) {
        if let Err(error) = self.0.settle().await {
            tracing::warn!(%error, "The database could not be brought to disk once more at the start.");
        }
    }

    /// Closes the writing connection, so that the pool opens a new one. After a failed transaction its state is
    /// unknown.
    pub(crate) async fn renew_writer(&self) {
        if let Err(error) = self.0.close_writer().await {
            tracing::warn!(%error, "The connection that writes could not be closed.");
        }
    }

    /// Closes all connections.
    pub async fn close(&self) {
        for connection in [self.0.readers(), self.0.writer()] {
            if let Err(error) = connection.pool().close_by_ref().await {
                tracing::warn!(%error, "A database connection could not be closed.");
            }
        }
    }
}
