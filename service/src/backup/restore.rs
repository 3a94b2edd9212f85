//! Restoring a backup to a place that is empty.
//!
//! Everything is checked before anything is written, and nothing that exists is overwritten: whoever restores is in
//! trouble already.
//!
//! The order is that of trust. First the list of files and all hashes, then the recordings, each again compared while
//! it is copied, and last the database, under a name of its own until it is synced. A restore that is interrupted thus
//! leaves a folder without a database, in which no service starts by mistake with half of its recordings.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use audio::number::wide;
use rusqlite::{Connection, OpenFlags};

use super::{
    error::{BackupError, about},
    files::{DATABASE, RECORDINGS, SUMS, copy_file, has_entries, hash_file, make_folder, named},
};
use crate::{
    DatabaseUrl, Store, StoreUrl,
    beneath::{Place, is_below},
    copy::CopyProgress,
    durable::sync_folder,
};

/// What was restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// How many recordings.
    pub recordings: u64,
    /// Bytes of the database and all recordings.
    pub bytes: u64,
}

/// A file of a backup.
struct Listed {
    name: String,
    sha256: String,
    size: u64,
}

/// Copies a backup to where a service is to find it: neither the database nor any recording may be there yet. All
/// hashes are compared before the first byte is written, and again as the files are copied. The database comes last.
/// Blocks.
///
/// # Errors
/// What is wrong. Nothing is restored where the backup is not complete, is damaged, or the place is taken.
pub fn restore_backup(
    backup: &Path,
    database: &DatabaseUrl,
    recordings: &StoreUrl,
    progress: &dyn CopyProgress,
) -> Result<Restored, BackupError> {
    let target = database.file().ok_or(BackupError::Postgres)?;
    let files = read_sums(backup)?;
    let has_recordings = files.iter().any(|file| file.name != DATABASE);
    if has_recordings && matches!(recordings, StoreUrl::Objects(_)) {
        return Err(BackupError::Objects);
    }
    check_free(target)?;
    let bytes = files.iter().map(|file| file.size).sum();
    progress.begin("bytes checked", bytes);
    for file in &files {
        let path = backup.join(&file.name);
        let mut found = open(backup, file).map_err(about(&path))?;
        if hash_file(&mut found, progress).map_err(about(&path))? != file.sha256 {
            return Err(BackupError::Damaged { file: path, what: "its SHA-256 is not the one in SHA256SUMS" });
        }
    }
    check_recordings(backup, &files)?;
    // Held until the end: its lock keeps a service from starting meanwhile, and this from beginning while one runs.
    // Opened this late, so that a backup that is refused leaves no folder behind.
    let (_store, folder) = match recordings {
        StoreUrl::Folder(folder) => (Some(Store::open(recordings, &[])?), folder.clone()),
        StoreUrl::Objects(_) => (None, PathBuf::new()),
    };
    check_free(target)?;
    if let StoreUrl::Folder(folder) = recordings
        && has_entries(folder, "tmp").map_err(about(folder))?
    {
        return Err(BackupError::Taken(folder.clone()));
    }
    progress.begin("bytes restored", bytes);
    let mut folders = BTreeSet::new();
    for file in files.iter().filter(|file| file.name != DATABASE) {
        let to = folder.join(file.name.strip_prefix("recordings/").unwrap_or(&file.name));
        if let Some(parent) = to.parent()
            && folders.insert(parent.to_owned())
        {
            make_folder(parent).map_err(about(parent))?;
        }
        copy(backup, file, &to, progress)?;
    }
    if has_recordings {
        folders.insert(folder);
        folders.iter().try_for_each(|folder| sync_folder(folder).map_err(about(folder)))?;
    }
    restore_database(backup, &files, target, progress)?;
    Ok(Restored { recordings: wide(files.len()) - 1, bytes })
}

/// Checks that the backup's database can be read, and that the backup has each recording that it names, unless it is
/// one of the database alone.
fn check_recordings(backup: &Path, files: &[Listed]) -> Result<(), BackupError> {
    let path = backup.join(DATABASE);
    // Nobody writes to a backup, and reading it must not write a log beside it.
    let name = path.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let copy = Connection::open_with_flags(format!("file:{name}?immutable=1"), flags);
    let unreadable = |_| BackupError::Damaged { file: path.clone(), what: "it is no database of Callstore" };
    let recordings = copy.and_then(|copy| named(&copy)).map_err(unreadable)?;
    let listed: BTreeSet<&str> = files.iter().filter_map(|file| file.name.strip_prefix("recordings/")).collect();
    match recordings.iter().find(|recording| !listed.contains(recording.path.as_str())) {
        Some(recording) if !listed.is_empty() => Err(BackupError::Damaged {
            file: backup.join(RECORDINGS).join(&recording.path),
            what: "the database names this recording, and SHA256SUMS does not list it",
        }),
        _ => Ok(()),
    }
}

/// Refuses a place where a database is.
fn check_free(database: &Path) -> Result<(), BackupError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let path = beside(database, suffix);
        if fs::symlink_metadata(&path).is_ok() {
            return Err(BackupError::Taken(path));
        }
    }
    Ok(())
}

/// The database appears under its name when all of it is there.
fn restore_database(
    backup: &Path,
    files: &[Listed],
    target: &Path,
    progress: &dyn CopyProgress,
) -> Result<(), BackupError> {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(parent).map_err(about(parent))?;
    let draft = beside(target, ".part");
    if fs::symlink_metadata(&draft).is_ok() {
        fs::remove_file(&draft).map_err(about(&draft))?;
    }
    for file in files.iter().filter(|file| file.name == DATABASE) {
        copy(backup, file, &draft, progress)?;
    }
    fs::rename(&draft, target).map_err(about(target))?;
    sync_folder(parent).map_err(about(parent))
}

/// Opens a file of the backup; none that is outside of it, as a symbolic link could be.
fn open(backup: &Path, file: &Listed) -> io::Result<File> {
    Place::open(backup, &file.name)?.read()
}

fn copy(backup: &Path, file: &Listed, to: &Path, progress: &dyn CopyProgress) -> Result<(), BackupError> {
    let path = backup.join(&file.name);
    let mut from = open(backup, file).map_err(about(&path))?;
    if copy_file(&mut from, to, progress).map_err(about(to))? != file.sha256 {
        return Err(BackupError::Damaged { file: path, what: "it changed while it was restored" });
    }
    Ok(())
}

/// The files of a complete backup.
fn read_sums(backup: &Path) -> Result<Vec<Listed>, BackupError> {
    if !backup.is_dir() {
        return Err(BackupError::NoBackup(backup.to_owned()));
    }
    let path = backup.join(SUMS);
    let Ok(text) = fs::read_to_string(&path) else { return Err(BackupError::Incomplete(backup.to_owned())) };
    let damaged = |file: PathBuf, what| BackupError::Damaged { file, what };
    let mut files = Vec::new();
    for line in text.lines() {
        let parts = line
            .split_once("  ")
            .filter(|(_, name)| *name == DATABASE || is_below(name) && name.starts_with(&format!("{RECORDINGS}/")));
        let Some((sha256, name)) = parts else { return Err(damaged(path, "it has a line that is no file's")) };
        let file = backup.join(name);
        let Ok(size) = Place::open(backup, name).and_then(|place| place.read()?.metadata()).map(|file| file.len())
        else {
            return Err(damaged(file, "SHA256SUMS lists it, and it cannot be read"));
        };
        files.push(Listed { name: name.to_owned(), sha256: sha256.to_owned(), size });
    }
    if files.iter().filter(|file| file.name == DATABASE).count() != 1 {
        return Err(damaged(path, "it does not list the database once"));
    }
    Ok(files)
}

/// A file whose name begins as another's.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
