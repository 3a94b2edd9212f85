//! How far a copy is, and why one failed.

use sea_orm::DbErr;

use crate::Error;

/// Why a copy failed or was refused.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A table could not be read or written.
    #[error("the table {table} cannot be copied: {source}")]
    Table {
        /// The table's name.
        table: &'static str,
        /// The database's error.
        source: DbErr,
    },
    /// Acknowledged chunks could not be moved from the journal into their table.
    #[error("chunks wait in the journal of the database to copy, and could not be brought into its table")]
    Journal,
    /// The target is neither empty nor an unfinished copy of the source.
    #[error(
        "the database to copy to has other rows in {0} than the one to copy, so it is no copy of it that was begun; nothing was overwritten. Name an empty database"
    )]
    NoCopy(&'static str),
    /// The two sides differ although all rows were copied.
    #[error(
        "the table {0} differs between the two databases, though all its rows were copied: they were changed meanwhile, or since a copy was begun. Copy to an empty database, and let no service run on either"
    )]
    Differs(&'static str),
    /// Some recordings could not be copied.
    #[error("{failed} of {of} recordings could not be copied. Run the command again to try these once more. {}", first.join("; "))]
    Recordings {
        /// How many failed.
        failed: u64,
        /// How many there are.
        of: u64,
        /// The first of them, each with its error.
        first: Vec<String>,
    },
    /// The database could not be read, or a store cannot be used.
    #[error(transparent)]
    Other(#[from] Error),
}

impl From<DbErr> for CopyError {
    fn from(error: DbErr) -> Self {
        Self::Other(error.into())
    }
}

/// Receives the progress of a copy.
pub trait CopyProgress: Sync {
    /// A phase begins: `total` rows of a table, or bytes of recordings.
    fn begin(&self, what: &str, total: u64);
    /// `done` more units of the current phase are done.
    fn add(&self, done: u64);
}
