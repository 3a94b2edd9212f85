//! Names of files and folders that a power cut does not take away. A name is on disk once the folder that holds it is
//! synced; until then it is in memory only, and everything below it with it.
//!
//! POSIX promises no more than that. Many file systems bring a new name to the disk with the content of its file, each
//! under conditions of its own. What is written here relies on the promise alone.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Makes the names in a folder durable.
///
/// A sync that succeeds covers the names that were there when it began. One that fails covers nothing, and a later
/// success says nothing about names that the failed one should have written: whoever relies on them creates them again.
///
/// # Errors
/// When the folder cannot be opened or synced.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Creates a folder and those above it, and makes their names durable. An earlier process may have created them and
/// ended before it synced them, so the folders above are synced even if nothing is missing, once a process. A folder
/// that cannot be synced is logged, and the next start tries again: some file systems cannot sync folders.
///
/// # Errors
/// When a folder cannot be created or looked at.
pub(crate) fn create_folders(folder: &Path) -> io::Result<()> {
    static SYNCED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    // Held to the end, so that whoever comes meanwhile relies on nothing that is still being synced.
    let mut synced = SYNCED.lock().unwrap_or_else(PoisonError::into_inner);
    let was_there = folder.is_dir();
    fs::create_dir_all(folder)?;
    let folder = folder.canonicalize()?;
    let device = fs::metadata(&folder)?.dev();
    for above in folder.ancestors().skip(1) {
        if was_there && synced.contains(above) {
            continue;
        }
        // The folder that a file system is mounted on has its name in another one.
        if fs::metadata(above)?.dev() != device {
            break;
        }
        match sync_folder(above) {
            Ok(()) => drop(synced.insert(above.to_owned())),
            // This user has created nothing in a folder that it may not read.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => break,
            Err(error) => tracing::warn!(
                folder = %above.display(),
                %error,
                "A folder could not be synced; a power cut may take away new folders in it."
            ),
        }
    }
    Ok(())
}
