//! The database: how it is opened and how a write begins. All that is particular to SQLite is here; the rest of the
//! crate speaks SeaORM.

mod chunks;
mod failure;

use std::{
    fs, io,
    num::NonZero,
    path::{Path, PathBuf},
    str::FromStr,
    thread,
    time::Duration,
};

pub(crate) use chunks::{ChunkHead, ChunkOrder, ChunkReader};
pub(crate) use failure::WriteFailure;
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

/// Where the database is, as `DATABASE_URL` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseUrl {
    path: PathBuf,
}

/// Why a `DATABASE_URL` is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not a scheme of ours.
    #[error("it has to be sqlite://PATH or file:PATH, as in sqlite://data/callstore.db")]
    Scheme,
    /// No file is named.
    #[error("it names no file; write sqlite://PATH, as in sqlite://data/callstore.db")]
    NoFile,
    /// A database in memory would lose what it acknowledged.
    #[error(
        "a database in memory would lose the calls with the process; name a file, as in sqlite://data/callstore.db"
    )]
    InMemory,
}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        // Prisma's form, `file:./dev.db?connection_limit=1`, is understood as well.
        let rest = ["sqlite://", "sqlite:", "file://", "file:"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme))
            .ok_or(UrlError::Scheme)?;
        let (path, options) = rest.split_once('?').unwrap_or((rest, ""));
        if path == ":memory:" || options.split('&').any(|option| option == "mode=memory") {
            return Err(UrlError::InMemory);
        }
        if path.is_empty() || path.ends_with('/') {
            return Err(UrlError::NoFile);
        }
        Ok(Self { path: PathBuf::from(path) })
    }
}

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder for the file could not be made.
    #[error("the folder {} cannot be made: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite did not take the file.
    #[error("the file {} cannot be opened as a database: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: DbErr,
    },
    /// A SQLite that can corrupt a database under several connections.
    #[error(
        "this SQLite is {found}; it has to be {SQLITE_MIN} or later, since earlier ones can corrupt a database in WAL mode",
        SQLITE_MIN = "3.51.3"
    )]
    TooOld {
        /// Its version.
        found: String,
    },
}

/// The oldest SQLite whose WAL is safe under several connections.
const SQLITE_MIN: (u32, u32, u32) = (3, 51, 3);
/// How long a write waits for another process that holds the write lock, as a backup or a shell.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The WAL file is cut back to this after a checkpoint.
const WAL_KEPT_BYTES: &str = "67108864";

/// Connections to the database: one that writes, and a pool that only reads.
#[derive(Clone, Debug)]
pub struct Database {
    path: PathBuf,
    writer: DatabaseConnection,
    readers: DatabaseConnection,
}

impl Database {
    /// Opens the database and makes file and folder where there are none. It may still have to be migrated.
    ///
    /// # Errors
    /// When the folder cannot be made, the file is no database or cannot be written, or SQLite is too old.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, OpenError> {
        let path = &url.path;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|source| OpenError::Folder { folder: folder.to_owned(), source })?;
        }
        let cores = u32::try_from(parallelism()).unwrap_or(u32::MAX);
        let file = |source| OpenError::File { path: path.clone(), source };
        let writer = connect(path, 1, write_options).await.map_err(file)?;
        let found = version(&writer).await.map_err(file)?;
        if parse_version(&found).is_none_or(|version| version < SQLITE_MIN) {
            return Err(OpenError::TooOld { found });
        }
        let readers = connect(path, cores.saturating_mul(2).max(4), read_options).await.map_err(file)?;
        Ok(Self { path: path.clone(), writer, readers })
    }

    /// The connection that writes: for migrations. Writes of the service go through [`begin`](Self::begin).
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// The connections that answer requests which only read.
    pub(crate) fn readers(&self) -> &DatabaseConnection {
        &self.readers
    }

    /// Opens the connection that writes anew. After a transaction that failed it is not certain what it is in the middle of.
    pub(crate) async fn renew_writer(&self) {
        let closed = async { self.writer.get_sqlite_connection_pool().acquire().await?.close().await };
        if let Err(error) = closed.await {
            tracing::warn!(%error, "The connection that writes could not be closed.");
        }
    }

    /// Begins a write: waits for its turn and holds the write lock until the transaction is committed or dropped.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.writer.begin_with_options(options).await
    }

    /// Appends a row to the chunk journal, in a transaction of its own; durable when this returns. Nothing is written, and false
    /// returned, where [`data_version`] is another by now.
    pub(crate) async fn append_to_journal(&self, id: i64, data: Vec<u8>, version: i64) -> Result<bool, DbErr> {
        let insert =
            "INSERT INTO chunk_journal (id, data) SELECT ?1, ?2 FROM pragma_data_version WHERE data_version = ?3";
        let values: [sea_orm::Value; 3] = [id.into(), data.into(), version.into()];
        let insert = Statement::from_sql_and_values(DatabaseBackend::Sqlite, insert, values);
        Ok(self.writer.execute_raw(insert).await?.rows_affected() > 0)
    }

    /// How many bytes are free where the database is.
    pub(crate) fn free_bytes(&self) -> io::Result<u64> {
        free_bytes(&self.path)
    }

    /// How many bytes the database and its write-ahead log have on disk.
    pub(crate) fn file_bytes(&self) -> io::Result<u64> {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        Ok(fs::metadata(&self.path)?.len() + fs::metadata(log).map_or(0, |log| log.len()))
    }

    pub(crate) async fn close(&self) {
        for connection in [&self.readers, &self.writer] {
            if let Err(error) = connection.close_by_ref().await {
                tracing::warn!(%error, "A database connection could not be closed.");
            }
        }
    }
}

/// How many bytes are free in the file system of a path.
pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    let space = rustix::fs::statvfs(path)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// How many cores there are.
pub(crate) fn parallelism() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

fn write_options(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("journal_size_limit", WAL_KEPT_BYTES)
}

fn read_options(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.read_only(true).busy_timeout(BUSY_TIMEOUT)
}

async fn connect(
    path: &Path,
    connections: u32,
    set: fn(SqliteConnectOptions) -> SqliteConnectOptions,
) -> Result<DatabaseConnection, DbErr> {
    let path = path.to_owned();
    let mut options = ConnectOptions::new("sqlite:");
    options
        .max_connections(connections)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| set(options.filename(&path).foreign_keys(true)));
    sea_orm::Database::connect(options).await
}

async fn version(connection: &DatabaseConnection) -> Result<String, DbErr> {
    let query = Statement::from_string(DatabaseBackend::Sqlite, "SELECT sqlite_version() AS version");
    match connection.query_one_raw(query).await? {
        Some(row) => row.try_get("", "version"),
        None => Ok(String::new()),
    }
}

fn parse_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

/// A number that changes whenever another process, or another connection, has changed the database.
pub(crate) async fn data_version(transaction: &DatabaseTransaction) -> Result<i64, DbErr> {
    let query = Statement::from_string(DatabaseBackend::Sqlite, "PRAGMA data_version");
    match transaction.query_one_raw(query).await? {
        Some(row) => row.try_get_by_index(0),
        None => Ok(0),
    }
}

/// Writes a page that says nothing, so that the disk has to take it: what changes nothing is committed without being written.
pub(crate) async fn write_page(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    transaction.execute_unprepared("PRAGMA user_version = 0").await.map(drop)
}
