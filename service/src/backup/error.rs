//! Why a backup could not be made or restored.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::files::SUMS;
use crate::{StoreError, absolute};

/// Why a backup could not be made or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is on a server.
    #[error(
        "the database is on a PostgreSQL server, which has its own tools: back it up with pg_dump, and the recordings after it"
    )]
    Postgres,
    /// The recordings are in an object store.
    #[error(
        "the recordings are in an object store, which is not copied. Turn on versioning of the bucket, and add --database-only to back up the database alone"
    )]
    Objects,
    /// A folder that has to be empty is not.
    #[error("{} is not empty. Name a new folder, or an empty one", absolute(.0).display())]
    NotEmpty(PathBuf),
    /// Something is where the backup is to be restored.
    #[error(
        "{} is there already, and restore overwrites nothing. Stop the service and move it away, or name another place with --database-url and --recordings",
        absolute(.0).display()
    )]
    Taken(PathBuf),
    /// The folder for recordings cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no database, as in another folder than the service's.
    #[error(
        "there is no database at {}. Run this in the folder in which the service runs, or name the database with --database-url (DATABASE_URL)",
        absolute(.0).display()
    )]
    NoDatabase(PathBuf),
    /// There is no folder of that name.
    #[error("there is no folder {}. Name the folder of a backup", absolute(.0).display())]
    NoBackup(PathBuf),
    /// A file or folder could not be read or written.
    #[error("{} cannot be used: {source}", absolute(path).display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite could not read the database, or write its copy.
    #[error("the database {} cannot be backed up: {source}", absolute(path).display())]
    Database {
        /// Its file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// Recordings that could not be copied: how many, and why the first of them.
    #[error("{failed} of {of} recordings could not be copied, so the backup is not complete. {}", first.join("; "))]
    Recordings {
        /// How many.
        failed: u64,
        /// Of how many.
        of: u64,
        /// Which, and why: the first of them.
        first: Vec<String>,
    },
    /// A backup that was interrupted, or none.
    #[error(
        "{} is no complete backup: it has no {SUMS}, which a backup writes last. Restore another one",
        absolute(.0).display()
    )]
    Incomplete(PathBuf),
    /// The backup is not what it was.
    #[error("the backup is damaged: {}: {what}. Nothing was restored; restore another backup", absolute(file).display())]
    Damaged {
        /// Which file.
        file: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// Adds to a failure which file it is about.
pub(super) fn about(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File { path, source }
}
