//! Opening an SQLite file: one connection for writing, and a read-only pool.
//!
//! `synchronous=FULL` makes a commit wait until the log is on the disk, which is what an acknowledgement promises. WAL
//! alone would lose the last commits in a power cut.
//!
//! What a power cut may take, by setting:
//!
//! | `journal_mode` | `synchronous` | after a cut |
//! | --- | --- | --- |
//! | WAL | `FULL` | nothing that was committed is lost |
//! | WAL | `NORMAL` | the last commits are lost, though they were acknowledged |
//!
//! The version of SQLite is checked because its WAL mode had an error that could lose commits of several connections;
//! the linked library is usually newer, but a distribution may link its own.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, Statement,
    sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous},
};

use crate::{
    absolute,
    database::{OpenError, failure::is_locked, parallelism, system::BUSY_TIMEOUT},
    durable::create_folders,
};

/// The oldest SQLite whose WAL mode is safe with several connections.
const SQLITE_MIN: (u32, u32, u32) = (3, 51, 3);
/// Size to which the WAL file is truncated after a checkpoint.
const WAL_KEPT_BYTES: &str = "67108864";
/// Page cache of the writer. It holds the pages of one transaction; otherwise SQLite would spill them to the WAL early
/// and write them again at commit.
const WRITER_CACHE_KIB: &str = "-8192";

/// Opens a file, creating it and its folder if they are missing. Returns the writing connection and the read-only pool.
pub(super) async fn open(path: &Path) -> Result<(DatabaseConnection, DatabaseConnection), OpenError> {
    make_folder(path)?;
    let cores = u32::try_from(parallelism()).unwrap_or(u32::MAX);
    let file = |source| OpenError::File { path: path.to_owned(), source };
    let writer = connect(path, 1, write_options).await.map_err(file)?;
    check_version(path, &writer).await?;
    let readers = connect(path, cores.saturating_mul(2).max(4), read_options).await.map_err(file)?;
    Ok((writer, readers))
}

/// Opens a file for exclusive use, with one connection for writing and reading.
///
/// For commands that must not run beside a service, such as `copy`. The lock is that of the file itself, so it also
/// keeps out services that start later.
pub(super) async fn open_alone(
    path: &Path,
    create: bool,
) -> Result<(DatabaseConnection, DatabaseConnection), OpenError> {
    let options = if create {
        make_folder(path)?;
        |options| write_options(options).locking_mode(SqliteLockingMode::Exclusive)
    } else {
        |options| write_options(options).locking_mode(SqliteLockingMode::Exclusive).create_if_missing(false)
    };
    let connection = match connect(path, 1, options).await {
        Ok(connection) => connection,
        Err(error) if is_locked(&error) => return Err(OpenError::InUse(absolute(path).display().to_string())),
        Err(source) => return Err(OpenError::File { path: path.to_owned(), source }),
    };
    check_version(path, &connection).await?;
    Ok((connection.clone(), connection))
}

fn make_folder(path: &Path) -> Result<(), OpenError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_folders(folder).map_err(|source| OpenError::Folder { folder: folder.to_owned(), source })?;
    }
    Ok(())
}

async fn check_version(path: &Path, connection: &DatabaseConnection) -> Result<(), OpenError> {
    let found = version(connection).await.map_err(|source| OpenError::File { path: path.to_owned(), source })?;
    if parse_version(&found).is_none_or(|version| version < SQLITE_MIN) {
        let (major, minor, patch) = SQLITE_MIN;
        return Err(OpenError::TooOld { found, least: format!("{major}.{minor}.{patch}") });
    }
    Ok(())
}

/// These change neither the schema nor the data; they are set on each connection.
///
/// `secure_delete` costs one more write for a page that becomes free, and is what makes a deletion real in the file.
fn write_options(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("journal_size_limit", WAL_KEPT_BYTES)
        .pragma("cache_size", WRITER_CACHE_KIB)
        // Deleted rows are overwritten with zeros, also on pages that become free.
        .pragma("secure_delete", "ON")
}

fn read_options(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.read_only(true).busy_timeout(BUSY_TIMEOUT)
}

/// Connections live as long as the pool. One that is replaced would begin with an empty page cache and, for the writer,
/// with another data version.
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
        // Never replace an idle connection: the writer's cache is valid only for one connection, because `data_version`
        // is counted per connection.
        .idle_timeout(None)
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

/// Size of a database and its write-ahead log on disk, in bytes.
pub(super) fn file_bytes(path: &Path) -> io::Result<u64> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    Ok(fs::metadata(path)?.len() + fs::metadata(PathBuf::from(log)).map_or(0, |log| log.len()))
}
