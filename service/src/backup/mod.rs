//! Backups: one consistent copy of a SQLite database and of the recordings that it names, in a folder. `SHA256SUMS` lists
//! every file of it, in the format of `sha256sum -c`, and is written last: a backup without it is not complete.

mod create;
mod restore;

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Component, Path, PathBuf},
};

use sha2::{Digest, Sha256};

pub use create::{BackedUp, create_backup};
pub use restore::{Restored, restore_backup};

use crate::{StoreError, copy::CopyProgress, hex::hex};

/// The list of all other files, and their hashes.
const SUMS: &str = "SHA256SUMS";
/// The copy of the database.
const DATABASE: &str = "callstore.db";
/// The folder of the copied recordings.
const RECORDINGS: &str = "recordings";
/// How much of a file is read at a time.
const READ_BYTES: usize = 256 * 1024;

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
    #[error("{} is not empty. Name a new folder, or an empty one", .0.display())]
    NotEmpty(PathBuf),
    /// Something is where the backup is to be restored.
    #[error(
        "{} is there already, and restore overwrites nothing. Stop the service and move it away, or name another place with --database-url and --recordings",
        .0.display()
    )]
    Taken(PathBuf),
    /// The folder for recordings cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file or folder could not be read or written.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite could not read the database, or write its copy.
    #[error("the database {} cannot be backed up: {source}", path.display())]
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
        .0.display()
    )]
    Incomplete(PathBuf),
    /// The backup is not what it was.
    #[error("the backup is damaged: {}: {what}. Nothing was restored; restore another backup", file.display())]
    Damaged {
        /// Which file.
        file: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// Adds to a failure which file it is about.
fn about(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File { path, source }
}

/// Copies a file to a new one, which is on disk when this returns, and says its SHA-256.
fn copy_file(from: &mut impl Read, to: &Path, progress: &dyn CopyProgress) -> io::Result<String> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(to)?;
    let hash = read_all(from, progress, |piece| file.write_all(piece))?;
    file.sync_all()?;
    Ok(hash)
}

/// The SHA-256 of a file.
fn hash_file(path: &Path, progress: &dyn CopyProgress) -> io::Result<String> {
    read_all(&mut File::open(path)?, progress, |_| Ok(()))
}

fn read_all(
    from: &mut impl Read,
    progress: &dyn CopyProgress,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<String> {
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; READ_BYTES]);
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hash.finalize())),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hash.update(&buffer[..count]);
        each(&buffer[..count])?;
        progress.add(count as u64);
    }
}

/// Makes a folder, and those above it, for this user alone.
fn make_folder(path: &Path) -> Result<(), BackupError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(about(path))
}

/// Makes the names in a folder durable.
fn sync_folder(path: &Path) -> Result<(), BackupError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(about(path))
}

/// Whether a folder has entries beside `but`; one that is not there has none.
fn has_entries(path: &Path, but: &str) -> Result<bool, BackupError> {
    match fs::read_dir(path) {
        Ok(entries) => Ok(entries.filter_map(Result::ok).any(|entry| entry.file_name() != but)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(about(path)(error)),
    }
}

/// Whether a path stays below the folder that it is relative to.
fn is_below(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}
