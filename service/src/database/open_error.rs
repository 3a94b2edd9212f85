//! Why a database could not be opened.

use std::{io, path::PathBuf};

use sea_orm::DbErr;

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
        "this SQLite is {found}; it has to be {least} or later, since earlier ones can corrupt a database in WAL mode"
    )]
    TooOld {
        /// Its version.
        found: String,
        /// The oldest that is taken.
        least: String,
    },
    /// A database that is to be used alone is not.
    #[error("the database {0} is in use; stop the services, backups and shells that have it open")]
    InUse(String),
    /// The PostgreSQL server did not take the connection.
    #[error("the PostgreSQL server cannot be reached, or does not let us in: {source}")]
    Server {
        /// What was said.
        source: DbErr,
    },
}
