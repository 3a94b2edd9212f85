//! The files and folders of a backup: their names, and how they are written and compared.
//!
//! The format is that of other tools by intention: `sha256sum -c SHA256SUMS` checks a backup where Callstore is not
//! installed, and any SQLite opens its database.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use audio::number::wide;
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{copy::CopyProgress, hex::hex};

/// The list of all other files, and their hashes.
pub(super) const SUMS: &str = "SHA256SUMS";
/// The copy of the database.
pub(super) const DATABASE: &str = "callstore.db";
/// The folder of the copied recordings.
pub(super) const RECORDINGS: &str = "recordings";
/// How much of a file is read at a time.
const READ_BYTES: usize = 256 * 1024;

/// Copies a file to a new one, which is on disk when this returns, and says its SHA-256.
///
/// # Errors
/// A file that is there already, a disk that is full, or a sync that fails.
pub(super) fn copy_file(from: &mut impl Read, to: &Path, progress: &dyn CopyProgress) -> io::Result<String> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(to)?;
    let hash = read_all(from, progress, |piece| file.write_all(piece))?;
    file.sync_all()?;
    Ok(hash)
}

/// The SHA-256 of a file.
pub(super) fn hash_file(file: &mut File, progress: &dyn CopyProgress) -> io::Result<String> {
    read_all(file, progress, |_| Ok(()))
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
        progress.add(wide(count));
    }
}

/// Makes a folder, and those above it, for this user alone.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Whether a folder has entries beside `but`; one that is not there has none.
pub(super) fn has_entries(path: &Path, but: &str) -> io::Result<bool> {
    match fs::read_dir(path) {
        Ok(entries) => Ok(entries.filter_map(Result::ok).any(|entry| entry.file_name() != but)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the database of a backup knows of a recording.
pub(super) struct Named {
    pub call: Uuid,
    pub path: String,
    pub size: u64,
    pub sha256: String,
}

/// The recordings that the database of a backup names.
pub(super) fn named(copy: &Connection) -> rusqlite::Result<Vec<Named>> {
    let mut query = copy.prepare(
        "SELECT call_id, file_path, size_bytes, sha256 FROM recording
         WHERE call_id NOT IN (SELECT id FROM call WHERE deleted_at IS NOT NULL) ORDER BY file_path",
    )?;
    let named = query.query_map([], |row| {
        let call = Uuid::from_bytes(row.get(0)?);
        Ok(Named { call, path: row.get(1)?, size: row.get::<_, i64>(2)?.unsigned_abs(), sha256: row.get(3)? })
    })?;
    named.collect()
}
