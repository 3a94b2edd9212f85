//! Copies a service's data to another database and another recording store. It only adds, in slices that are each
//! durable, so an interrupted copy can be resumed. At the end both sides are read and compared.

mod digest;
mod progress;
mod recordings;
mod tables;

use entity::chunk_journal;
use sea_orm::{EntityTrait, PaginatorTrait};

pub use progress::{CopyError, CopyProgress};
pub use recordings::{CopiedRecordings, copy_recordings};
pub use tables::{CopiedTable, copy_tables};

use crate::{database::Database, writer::Writer};

/// Moves the chunks that wait in a database's journal into their table.
///
/// # Errors
/// When some remain.
pub async fn settle_journal(database: &Database) -> Result<(), CopyError> {
    Writer::start(database.clone()).close().await;
    match chunk_journal::Entity::find().count(database.readers()).await? {
        0 => Ok(()),
        _ => Err(CopyError::Journal),
    }
}
