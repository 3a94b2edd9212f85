//! Backups: one consistent copy of a SQLite database and of the recordings that it names, in a folder. `SHA256SUMS`
//! lists every file of it, in the format of `sha256sum -c`, and is written last: a backup without it is not complete.

mod create;
mod error;
mod files;
mod restore;

pub use create::{BackedUp, create_backup};
pub use error::BackupError;
pub use restore::{Restored, restore_backup};
