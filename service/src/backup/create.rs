//! Making a backup, beside a service that runs or without one.
//!
//! What makes it consistent without stopping anything: the database is copied at one moment, and files come after it. A
//! recording in the copied database was published before that moment, so its file is there, unless its call has been
//! deleted since. What was published later is not in the copy, but its chunks are.

use std::{
    collections::BTreeSet,
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use audio::number::wide;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use uuid::Uuid;

use super::{
    error::{BackupError, about},
    files::{DATABASE, Named, RECORDINGS, SUMS, copy_file, has_entries, hash_file, make_folder, named},
};
use crate::{Clock, DatabaseUrl, StoreUrl, absolute, beneath::Place, copy::CopyProgress, crash, durable::sync_folder};

/// How long the copy waits for a lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many of the recordings that failed are told by name.
const TOLD: usize = 5;

/// What a backup has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// Bytes of the copied database.
    pub database_bytes: u64,
    /// How many recordings.
    pub recordings: u64,
    /// Bytes of all of them.
    pub recording_bytes: u64,
    /// Calls that were deleted after the database was copied; they are deleted in the backup too.
    pub deleted: u64,
}

/// Copies a database and its recordings into a new or empty folder. Blocks.
///
/// The database is copied first, at one moment. A call that ends later has its chunks in that copy, so that a restored
/// service makes its recording again. Each recording is compared with the SHA-256 in the database as it is copied. One
/// whose call is deleted meanwhile is left out, and the call is marked as deleted in the copy as well. Without
/// `recordings` the database is copied alone.
///
/// `SHA256SUMS` is written and synced last. If the power goes before, the folder has none, and a restore refuses it.
///
/// # Errors
/// What is wrong, and then the folder has no complete backup.
pub fn create_backup(
    database: &DatabaseUrl,
    recordings: Option<&StoreUrl>,
    target: &Path,
    clock: &dyn Clock,
    progress: &dyn CopyProgress,
) -> Result<BackedUp, BackupError> {
    let source = database.file().ok_or(BackupError::Postgres)?;
    let folder = match recordings {
        Some(StoreUrl::Folder(folder)) => Some(folder),
        Some(StoreUrl::Objects(_)) => return Err(BackupError::Objects),
        None => None,
    };
    if !source.exists() {
        return Err(BackupError::NoDatabase(source.to_owned()));
    }
    let failed = |source_error| BackupError::Database { path: source.to_owned(), source: source_error };
    let live = open(source).map_err(failed)?;
    if has_entries(target, "").map_err(about(target))? {
        return Err(BackupError::NotEmpty(target.to_owned()));
    }
    make_folder(target).map_err(about(target))?;
    fs::set_permissions(target, Permissions::from_mode(0o700)).map_err(about(target))?;

    let copy_path = target.join(DATABASE);
    progress.begin("database", fs::metadata(source).map_or(0, |file| file.len()));
    copy_database(&live, &copy_path).map_err(failed)?;
    fs::set_permissions(&copy_path, Permissions::from_mode(0o600)).map_err(about(&copy_path))?;
    crash::point("backup.database");
    crash::hold_thread("backup.database");
    let copy = open(&copy_path).map_err(failed)?;
    let mut sums = Vec::new();
    let mut done = BackedUp::default();
    if let Some(folder) = folder {
        let named = named(&copy).map_err(failed)?;
        copy_recordings((&live, &copy), &named, (folder, target), clock, progress, (&mut done, &mut sums))?;
    }
    copy.close().map_err(|(_, error)| failed(error))?;
    done.database_bytes = fs::metadata(&copy_path).map_err(about(&copy_path))?.len();
    progress.begin("bytes of the database, hashed", done.database_bytes);
    let hash = File::open(&copy_path).and_then(|mut file| {
        file.sync_all()?;
        hash_file(&mut file, progress)
    });
    let hash = hash.map_err(about(&copy_path))?;
    sums.push(format!("{hash}  {DATABASE}\n"));
    finish(target, &sums)?;
    Ok(done)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Copies a database at one moment: writes go on meanwhile.
fn copy_database(live: &Connection, to: &Path) -> rusqlite::Result<()> {
    let to_text = to.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(to.to_owned()))?;
    live.execute("VACUUM INTO ?1", [to_text]).map(drop)
}

/// Copies recordings, and adds those that were copied to the counts and sums.
fn copy_recordings(
    (live, copy): (&Connection, &Connection),
    named: &[Named],
    (from, target): (&Path, &Path),
    clock: &dyn Clock,
    progress: &dyn CopyProgress,
    (done, sums): (&mut BackedUp, &mut Vec<String>),
) -> Result<(), BackupError> {
    progress.begin("bytes of recordings", named.iter().map(|recording| recording.size).sum());
    let to = target.join(RECORDINGS);
    make_folder(&to).map_err(about(&to))?;
    let (mut failed, mut first, mut folders) = (0, Vec::new(), BTreeSet::from([to.clone()]));
    for recording in named {
        let copied = copy_recording(recording, from, &to, &mut folders, progress);
        crash::point("backup.recording");
        match copied {
            Ok(()) => {
                done.recordings += 1;
                done.recording_bytes += recording.size;
                sums.push(format!("{}  {RECORDINGS}/{}\n", recording.sha256, recording.path));
            }
            Err(_) if is_deleted(live, recording.call) => {
                let _ = fs::remove_file(to.join(&recording.path));
                let mark = "UPDATE call SET deleted_at = ?1 WHERE id = ?2";
                let marked = copy.execute(mark, (clock.now().0, recording.call.as_bytes()));
                marked.map_err(|source| BackupError::Database { path: target.join(DATABASE), source })?;
                done.deleted += 1;
            }
            Err(error) => {
                failed += 1;
                if first.len() < TOLD {
                    first.push(format!("{}: {error}", absolute(&from.join(&recording.path)).display()));
                }
            }
        }
    }
    if failed > 0 {
        return Err(BackupError::Recordings { failed, of: wide(named.len()), first });
    }
    folders.iter().try_for_each(|folder| sync_folder(folder).map_err(about(folder)))
}

fn copy_recording(
    recording: &Named,
    from: &Path,
    to: &Path,
    folders: &mut BTreeSet<PathBuf>,
    progress: &dyn CopyProgress,
) -> io::Result<()> {
    let mut file = Place::open(from, &recording.path).and_then(|place| place.read())?;
    let to = to.join(&recording.path);
    if let Some(folder) = to.parent()
        && folders.insert(folder.to_owned())
    {
        make_folder(folder)?;
    }
    let found = copy_file(&mut file, &to, progress)?;
    if found != recording.sha256 {
        return Err(io::Error::other("its SHA-256 differs from the one in the database"));
    }
    Ok(())
}

/// Whether a call was deleted since the database was copied. A database that fails here leaves the first failure to be
/// told.
fn is_deleted(live: &Connection, call: Uuid) -> bool {
    let query = "SELECT deleted_at IS NOT NULL FROM call WHERE id = ?1";
    let deleted = live.query_row(query, [call.as_bytes()], |row| row.get(0)).optional();
    deleted.is_ok_and(|deleted: Option<bool>| deleted.unwrap_or(true))
}

/// Writes the sums, which make the backup complete.
fn finish(target: &Path, sums: &[String]) -> Result<(), BackupError> {
    let (draft, path) = (target.join(format!("{SUMS}.part")), target.join(SUMS));
    let write = || {
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(sums.concat().as_bytes())?;
        file.sync_all()
    };
    write().map_err(about(&draft))?;
    sync_folder(target).map_err(about(target))?;
    crash::point("backup.summed");
    fs::rename(&draft, &path).map_err(about(&path))?;
    sync_folder(target).map_err(about(target))?;
    // The name of a new folder lies in the one above it.
    let above = target.canonicalize().map_err(about(target))?;
    above.parent().map_or(Ok(()), |folder| sync_folder(folder).map_err(about(folder)))
}
