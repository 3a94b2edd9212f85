//! Moving a service to another database and another store of recordings: only additions, in slices that are each durable, so that a
//! copy that was interrupted goes on where it stopped. At the end both sides are read and compared.

mod digest;
mod recordings;
mod tables;

use entity::chunk_journal;
use sea_orm::{DbErr, EntityTrait, PaginatorTrait};

pub use recordings::{CopiedRecordings, copy_recordings};
pub use tables::{CopiedTable, copy_tables};

use crate::{Error, database::Database, writer::Writer};

/// Why a copy was refused, or is not one.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A table could not be read or written.
    #[error("the table {table} cannot be copied: {source}")]
    Table {
        /// Which.
        table: &'static str,
        /// What the database said.
        source: DbErr,
    },
    /// Chunks that were acknowledged could not be brought into their table.
    #[error("chunks wait in the journal of the database to copy, and could not be brought into its table")]
    Journal,
    /// What is copied to is no copy that was begun.
    #[error(
        "the database to copy to has other rows in {0} than the one to copy, so it is no copy of it that was begun; nothing was overwritten. Name an empty database"
    )]
    NoCopy(&'static str),
    /// Both sides differ after all.
    #[error(
        "the table {0} differs between the two databases, though all its rows were copied: they were changed meanwhile, or since a copy was begun. Copy to an empty database, and let no service run on either"
    )]
    Differs(&'static str),
    /// Recordings that could not be copied: how many, and why the first of them.
    #[error("{failed} of {of} recordings could not be copied. Run the command again to try these once more. {}", first.join("; "))]
    Recordings {
        /// How many.
        failed: u64,
        /// Of how many.
        of: u64,
        /// Which, and why: the first of them.
        first: Vec<String>,
    },
    /// The database did not say what there is to be copied, or a store is not usable.
    #[error(transparent)]
    Other(#[from] Error),
}

impl From<DbErr> for CopyError {
    fn from(error: DbErr) -> Self {
        Self::Other(error.into())
    }
}

/// Who is told how far a copy has come.
pub trait CopyProgress: Sync {
    /// So much of this begins: rows of a table, or bytes of recordings.
    fn begin(&self, what: &str, total: u64);
    /// So much more is done.
    fn add(&self, done: u64);
}

/// Brings the chunks that wait in a database's journal into their table.
///
/// # Errors
/// When some stay.
pub async fn settle_journal(database: &Database) -> Result<(), CopyError> {
    Writer::start(database.clone()).close().await;
    match chunk_journal::Entity::find().count(database.readers()).await? {
        0 => Ok(()),
        _ => Err(CopyError::Journal),
    }
}
