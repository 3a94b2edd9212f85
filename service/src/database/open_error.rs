//! The error of opening a database.

use std::{io, path::PathBuf};

use sea_orm::DbErr;

use crate::absolute;

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder for the file could not be created.
    #[error("the folder {} cannot be made: {source}", absolute(folder).display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// SQLite refused the file.
    #[error("the file {} cannot be opened as a database: {source}", absolute(path).display())]
    File {
        /// The file.
        path: PathBuf,
        /// SQLite's error.
        source: DbErr,
    },
    /// A SQLite version that can corrupt a database under several connections.
    #[error(
        "this SQLite is {found}; it has to be {least} or later, since earlier ones can corrupt a database in WAL mode"
    )]
    TooOld {
        /// Its version.
        found: String,
        /// The oldest accepted version.
        least: String,
    },
    /// A database was to be opened for exclusive use, but is in use.
    #[error("the database {0} is in use; stop the services, backups and shells that have it open")]
    InUse(String),
    /// The PostgreSQL server refused the connection.
    #[error("the PostgreSQL server cannot be reached, or does not let us in: {source}")]
    Server {
        /// The server's or the network's error.
        source: DbErr,
    },
}
