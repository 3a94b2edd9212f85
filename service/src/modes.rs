//! The modes of data files. What people said is for the service's user alone, also where an earlier umask, a restored
//! archive or `chmod -R` has let others read it.
//!
//! New files get their modes where they are made. This is for those that exist already, and runs once at the start,
//! beside everything else: a folder with many recordings takes a while.
//!
//! A file that stays open to others is logged as a warning and does not stop the service: refusing to start would take
//! a team's calls down for a mode that was wrong yesterday as well.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{DatabaseUrl, StoreUrl, absolute};

/// The bits of the group and of others.
const OTHERS: u32 = 0o077;
/// The folder that the service makes for its data by default. Other folders above a database may be of others too.
const DATA_FOLDER: &str = "data";
/// How deep recordings lie below their folder: in one of 256 folders, or in that of drafts.
const DEPTH: u32 = 2;

#[derive(Default)]
struct Tightened {
    files: u64,
    failed: u64,
    first: Option<(PathBuf, io::Error)>,
}

/// Takes group and others the rights to the database's files, to the folder of recordings and what is in it, and to the
/// default data folder. Blocks; logs what it has changed.
///
/// Modes only ever lose rights here. Those of the owner stay as they are, and so does everything on an object store.
pub fn tighten_modes(database: &DatabaseUrl, recordings: &StoreUrl) {
    let mut tightened = Tightened::default();
    if let Some(file) = database.file() {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = file.as_os_str().to_owned();
            path.push(suffix);
            tightened.tighten(path.into());
        }
        if let Some(folder) = file.parent().filter(|folder| *folder == Path::new(DATA_FOLDER)) {
            tightened.tighten(folder.to_owned());
        }
    }
    if let StoreUrl::Folder(folder) = recordings {
        tightened.tighten_all(folder, DEPTH);
    }
    tightened.log();
}

impl Tightened {
    /// Tightens a folder before what is in it: nobody gets in any more.
    fn tighten_all(&mut self, folder: &Path, depth: u32) {
        self.tighten(folder.to_owned());
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.note(folder.to_owned(), error),
        };
        for entry in entries.filter_map(Result::ok) {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth > 1 => self.tighten_all(&entry.path(), depth - 1),
                Ok(kind) if kind.is_file() => self.tighten(entry.path()),
                _ => {}
            }
        }
    }

    fn tighten(&mut self, path: PathBuf) {
        match tighten(&path) {
            Ok(true) => self.files += 1,
            Ok(false) => {}
            Err(error) => self.note(path, error),
        }
    }

    fn note(&mut self, path: PathBuf, error: io::Error) {
        // A draft that was published, or a log that was closed meanwhile.
        if error.kind() != io::ErrorKind::NotFound {
            self.failed += 1;
            self.first.get_or_insert((path, error));
        }
    }

    fn log(&self) {
        if self.files > 0 {
            tracing::info!(
                files = self.files,
                "Other users had access to files or folders of the data; the service has removed it."
            );
        }
        if let Some((path, error)) = &self.first {
            tracing::warn!(
                files = self.failed,
                first = %absolute(path).display(),
                %error,
                "Other users have access to files or folders of the data, and the service cannot change that. As their owner, \
                 run `chmod -R go-rwx` on them, or `chown -R` them to the service's user."
            );
        }
    }
}

/// Tightens one file or folder, and says whether that changed anything. A symbolic link is left alone: what it leads to
/// is not the service's own.
fn tighten(path: &Path) -> io::Result<bool> {
    let found = fs::symlink_metadata(path)?;
    let mode = found.permissions().mode();
    if found.is_symlink() || mode & OTHERS == 0 {
        return Ok(false);
    }
    fs::set_permissions(path, Permissions::from_mode(mode & 0o7777 & !OTHERS))?;
    Ok(true)
}
