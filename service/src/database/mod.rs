//! The database: opening it and beginning writes. Everything specific to SQLite or PostgreSQL is in here. The rest of
//! the crate uses SeaORM, and asks [`Database::is_shared`] where it matters whether other nodes write too.

mod chunks;
mod connections;
mod failure;
mod open_error;
mod plain;
mod postgres;
mod sqlite;
mod url;

use std::{io, num::NonZero, path::Path, thread, time::Duration};

pub(crate) use chunks::{ChunkHead, ChunkOrder, ChunkReader};
use connections::Connections;
pub(crate) use failure::WriteFailure;
pub use open_error::OpenError;
pub(crate) use plain::Additions;
pub(crate) use postgres::LastRow;
use sea_orm::{AccessMode, DatabaseConnection, DatabaseTransaction, DbErr, IsolationLevel, TransactionOptions};
pub use url::DatabaseUrl;
use url::Place;
use uuid::Uuid;

use crate::{
    calls::{CallRef, CallRow},
    chunks::ChunkRow,
};

/// How long a write waits for a lock of another process, such as a backup or a shell.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections to the database: for writing, and a pool for reading.
#[derive(Clone, Debug)]
pub struct Database {
    place: DatabaseUrl,
    writer: Connections,
    readers: Connections,
}

impl Database {
    /// Opens the database, creating file and folder if they are missing. The schema may still have to be migrated.
    ///
    /// # Errors
    /// When the folder cannot be created, the file is not a database or cannot be written, SQLite is too old, or the
    /// server refuses the connection.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, OpenError> {
        let (writer, readers) = match &url.0 {
            Place::Sqlite(path) => sqlite::open(path).await?,
            Place::Postgres(url) => postgres::open(url).await?,
        };
        Ok(Self::of(url, writer, readers))
    }

    /// Opens the database for exclusive use, and creates it only if `create` is set. On PostgreSQL this only checks
    /// that no service is connected; services that start later are kept out within [`alone`](Self::alone).
    ///
    /// # Errors
    /// As for [`open`](Self::open), and `InUse` if another process has it open.
    pub async fn open_alone(url: &DatabaseUrl, create: bool) -> Result<Self, OpenError> {
        let (writer, readers) = match &url.0 {
            Place::Sqlite(path) => sqlite::open_alone(path, create).await?,
            Place::Postgres(url) => postgres::open_alone(url).await?,
        };
        Ok(Self::of(url, writer, readers))
    }

    fn of(url: &DatabaseUrl, writer: DatabaseConnection, readers: DatabaseConnection) -> Self {
        Self { place: url.clone(), writer: Connections::new(writer), readers: Connections::new(readers) }
    }

    /// Whether other nodes may write to the database at the same time. If so, what was read earlier may be out of date
    /// unless it is locked.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.place.0, Place::Postgres(_))
    }

    /// The writing connection, for migrations. The service writes through `begin`.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        self.writer.pool()
    }

    /// The connections for requests that only read.
    pub(crate) fn readers(&self) -> &Connections {
        &self.readers
    }

    /// Begins a read transaction: all reads until it is dropped see one moment.
    pub(crate) async fn snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = match self.place.0 {
            Place::Sqlite(_) => TransactionOptions::default(),
            Place::Postgres(_) => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
        };
        self.readers.begin(options).await
    }

    /// Runs work that only one node may do at a time, such as a migration; other nodes wait.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn alone<T>(&self, work: impl Future<Output = T>) -> Result<T, DbErr> {
        let lock = match &self.place.0 {
            Place::Sqlite(_) => None,
            Place::Postgres(url) => Some(postgres::lock_schema(url).await?),
        };
        let done = work.await;
        if let Some(lock) = lock {
            lock.close().await?;
        }
        Ok(done)
    }

    /// Closes the writing connection, so that the pool opens a new one. After a failed transaction its state is
    /// unknown.
    pub(crate) async fn renew_writer(&self) {
        let closed = match self.place.0 {
            Place::Sqlite(_) => {
                async { self.writer().get_sqlite_connection_pool().acquire().await?.close().await }.await
            }
            Place::Postgres(_) => {
                async { self.writer().get_postgres_connection_pool().acquire().await?.close().await }.await
            }
        };
        if let Err(error) = closed {
            tracing::warn!(%error, "The connection that writes could not be closed.");
        }
    }

    /// Begins a write. On SQLite this waits for the write lock, and holds it until the transaction is committed or
    /// dropped.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.writer
            .begin(match self.place.0 {
                Place::Sqlite(_) => sqlite::begin_options(),
                Place::Postgres(_) => TransactionOptions::default(),
            })
            .await
    }

    /// Inserts rows in their own transaction, durable when this returns. Writes nothing and returns false if
    /// [`data_version`](Self::data_version) is no longer `version`. Only for SQLite.
    pub(crate) async fn add(&self, version: i64, additions: Additions) -> Result<bool, DbErr> {
        plain::add(&self.writer, version, additions).await
    }

    /// A number that changes whenever another connection or process has changed the database. Only for SQLite.
    pub(crate) async fn data_version(&self, transaction: &DatabaseTransaction) -> Result<i64, DbErr> {
        sqlite::data_version(transaction).await
    }

    /// Locks calls of a shared database against all other writes until the transaction ends, and returns their locked
    /// rows.
    pub(crate) async fn lock_calls(
        &self,
        transaction: &DatabaseTransaction,
        calls: &[&CallRef],
    ) -> Result<Vec<CallRow>, DbErr> {
        postgres::lock_calls(transaction, calls).await
    }

    /// The last row of each track of these calls, on a shared database.
    pub(crate) async fn last_rows(
        &self,
        transaction: &DatabaseTransaction,
        calls: &[Uuid],
    ) -> Result<Vec<LastRow>, DbErr> {
        postgres::last_rows(transaction, calls).await
    }

    /// Inserts rows of chunks into a shared database.
    pub(crate) async fn insert_chunks(
        &self,
        transaction: &DatabaseTransaction,
        rows: Vec<ChunkRow>,
    ) -> Result<(), DbErr> {
        postgres::insert_chunks(transaction, rows).await
    }

    /// Makes other nodes with the same idempotency name wait until the transaction ends.
    pub(crate) async fn lock_name(&self, transaction: &DatabaseTransaction, name: &[u8; 32]) -> Result<(), DbErr> {
        match self.place.0 {
            Place::Sqlite(_) => Ok(()),
            Place::Postgres(_) => postgres::lock_name(transaction, name).await,
        }
    }

    /// Takes or renews a lease of a shared database for `span`, by the database's clock. Returns false if another node
    /// holds it. On SQLite there are no other nodes, and it is always granted.
    pub(crate) async fn lease(&self, name: &str, holder: Uuid, span: Duration) -> Result<bool, DbErr> {
        match self.place.0 {
            Place::Sqlite(_) => Ok(true),
            Place::Postgres(_) => postgres::lease(&self.readers, name, holder, span).await,
        }
    }

    /// Ends a lease.
    pub(crate) async fn end_lease(&self, name: &str, holder: Uuid) -> Result<(), DbErr> {
        match self.place.0 {
            Place::Sqlite(_) => Ok(()),
            Place::Postgres(_) => postgres::end_lease(&self.readers, name, holder).await,
        }
    }

    /// Deletes expired leases and returns the names of live ones.
    pub(crate) async fn leases(&self) -> Result<Vec<String>, DbErr> {
        match self.place.0 {
            Place::Sqlite(_) => Ok(Vec::new()),
            Place::Postgres(_) => postgres::leases(&self.readers).await,
        }
    }

    /// Checks that the database accepts writes.
    pub(crate) async fn check_writable(&self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        match self.place.0 {
            Place::Sqlite(_) => sqlite::write_page(transaction).await,
            Place::Postgres(_) => postgres::check_writable(transaction).await,
        }
    }

    /// Free bytes on the database's file system; `None` if it is on a server.
    pub(crate) fn free_bytes(&self) -> io::Result<Option<u64>> {
        match &self.place.0 {
            Place::Sqlite(path) => free_bytes(path).map(Some),
            Place::Postgres(_) => Ok(None),
        }
    }

    /// Size of the database in bytes, including the write-ahead log of a file.
    pub(crate) async fn size_bytes(&self) -> Result<u64, DbErr> {
        match &self.place.0 {
            Place::Sqlite(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || sqlite::file_bytes(&path)).await;
                read.map_or(Err(io::Error::other("not finished")), |read| read)
                    .map_err(|error| DbErr::Custom(error.to_string()))
            }
            Place::Postgres(_) => postgres::size_bytes(&self.readers).await,
        }
    }

    /// Closes all connections.
    pub async fn close(&self) {
        for connection in [&self.readers, &self.writer] {
            if let Err(error) = connection.pool().close_by_ref().await {
                tracing::warn!(%error, "A database connection could not be closed.");
            }
        }
    }
}

/// Free bytes on the file system of a path.
pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    let space = rustix::fs::statvfs(path)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// The number of cores, at least 1.
pub(crate) fn parallelism() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}
