//! Recordings in a folder. A file gets its name only once it is complete and synced. Until then it is a draft in
//! `tmp/`, which is emptied when the folder is opened.
//!
//! Durability takes more than the file: its name is an entry of a folder, and that folder's name one of the root. Both
//! are synced before a recording counts as published, since the chunks are deleted after that.
//!
//! What is synced when, and what a power cut between the steps leaves:
//!
//! | step | after a cut before it |
//! | --- | --- |
//! | sync of the draft's content | a draft, which the next start removes |
//! | sync of the root, if the folder is new | the same, perhaps without the folder |
//! | rename to the final name | the same |
//! | sync of the folder | either name; the row is not committed, so the call is recorded again |
//! | commit of the recording's row | a complete file without a row, which the next attempt replaces |
//! | removal of the chunks | both |
//!
//! A removal goes the other way round: the file, the sync of its folder, and then the rows that name it.

use std::{
    collections::HashSet,
    fs::{self, File, TryLockError},
    io::{self, SeekFrom, Write},
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use bytes::Bytes;
use futures_util::{StreamExt, future::ready, stream};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use super::{audio_stream::AudioStream, names::call_of};
use crate::{
    Error,
    beneath::{Place, is_special},
    database::free_bytes,
    durable::{create_folders, sync_folder},
};

/// A folder of recordings. A lock keeps other processes from using it until [`close`](Folder::close).
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
    /// The drafts folder, locked: another service would mistake our drafts for leftovers of a crash. A folder that is
    /// only read is not locked.
    drafts: Arc<File>,
    /// The folders below `root` whose names this process has made durable. One that is only there may be gone after a
    /// power cut: whoever created it may have ended, or failed, before it was synced.
    durable: Arc<Mutex<HashSet<PathBuf>>>,
}

/// A file that was opened to read a range.
enum Opened {
    File(File),
    /// All bytes of a short range.
    Read(Bytes),
}

/// A file being written. [`publish`](Draft::publish) gives it its name; dropping it unpublished deletes it.
#[derive(Debug)]
pub(crate) struct Draft {
    file: File,
    path: PathBuf,
    target: String,
    folder: Folder,
    kept: bool,
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept && fs::remove_file(&self.path).is_err() {
            tracing::warn!("A draft of a recording could not be removed; the next start removes it.");
        }
    }
}

/// Bytes read from a file at a time.
const READ_BYTES: usize = 128 * 1024;
/// The most bytes that are read while the file is opened.
const READ_AT_ONCE: usize = 512 * 1024;
/// The folder of drafts.
const DRAFTS: &str = "tmp";
/// How the names of drafts end.
const DRAFT_SUFFIX: &str = ".wav.part";

impl Folder {
    /// Opens the folder, creates it if it is missing, and deletes drafts that a crash left behind.
    ///
    /// # Errors
    /// Another service that holds the lock, a link in place of the folder of drafts, or a folder that cannot be
    /// written.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let drafts = root.join(DRAFTS);
        create_folders(&drafts)?;
        if fs::symlink_metadata(&drafts)?.is_symlink() {
            return Err(io::Error::other("its folder tmp is a symbolic link; replace it by a folder"));
        }
        let drafts = File::open(drafts)?;
        drafts.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other("another Callstore that is running uses it"),
            TryLockError::Error(error) => error,
        })?;
        let folder = Self { root: root.to_owned(), drafts: Arc::new(drafts), durable: Arc::default() };
        for entry in fs::read_dir(folder.drafts())? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().ends_with(DRAFT_SUFFIX) {
                fs::remove_file(entry.path())?;
            }
        }
        match folder.probe() {
            // A full disk is no reason to refuse to start: calls can still be read, and deleted to make room.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                tracing::error!("No disk space is left for recordings. Delete calls or free some space.");
            }
            other => other?,
        }
        Ok(folder)
    }

    /// Opens a folder that a service may be using, only to read.
    pub(super) fn open_to_read(root: &Path) -> io::Result<Self> {
        Ok(Self { root: root.to_owned(), drafts: Arc::new(File::open(root)?), durable: Arc::default() })
    }

    /// The calls that have a file in one of the folders, by the files' names; with `before`, only files that have not
    /// changed since.
    pub(super) fn calls_in(&self, folder: &str, before: Option<SystemTime>) -> io::Result<Vec<Uuid>> {
        let path = self.root.join(folder);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Ok(Vec::new()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
        let mut calls = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let Some(call) = entry.file_name().to_str().and_then(|name| call_of(folder, name)) else { continue };
            if let Some(before) = before {
                let file = entry.metadata()?;
                if !file.is_file() || file.modified()? >= before {
                    continue;
                }
            }
            calls.push(call);
        }
        calls.sort_unstable();
        calls.dedup();
        Ok(calls)
    }

    /// Unlocks the folder for the next service.
    pub(super) fn close(&self) {
        if let Err(error) = self.drafts.unlock() {
            tracing::warn!(%error, "The folder of recordings could not be unlocked.");
        }
    }

    /// Begins a file. `unique` must be a name that no other draft has.
    ///
    /// The folder of drafts is created again if somebody has removed it, which costs nothing when it is there.
    pub(super) fn draft(&self, file_path: &str, unique: Uuid) -> io::Result<Draft> {
        fs::create_dir_all(self.drafts())?;
        let path = self.drafts().join(format!("{}{DRAFT_SUFFIX}", unique.as_hyphenated()));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        Ok(Draft { file, path, target: file_path.to_owned(), folder: self.clone(), kept: false })
    }

    /// Reads a range of a file of `size` bytes. A short one, as players ask for, is read with the opening: each step on
    /// a thread that may block costs more than reading it.
    ///
    /// A file that is replaced while it is read stays what it was for this reader: the old content keeps its inode
    /// until it is closed. A file that is deleted likewise.
    pub(super) async fn read(&self, file_path: &str, part: Range<u64>, size: u64) -> Result<AudioStream, Error> {
        let (this, file_path, length) = (self.clone(), file_path.to_owned(), part.end - part.start);
        let start = part.start;
        let open = move || {
            let file = Place::open(&this.root, &file_path).and_then(|place| place.read());
            let file = file.map_err(|error| this.fault(error))?;
            if file.metadata()?.len() != size {
                return Err(Error::RecordingDamaged("its length differs from the recording's"));
            }
            let short = usize::try_from(length).ok().filter(|length| *length <= READ_AT_ONCE);
            let Some(short) = short else { return Ok(Opened::File(file)) };
            let mut bytes = vec![0; short];
            file.read_exact_at(&mut bytes, start)?;
            Ok(Opened::Read(bytes.into()))
        };
        let opened = tokio::task::spawn_blocking(open).await;
        let file = match opened.unwrap_or(Err(Error::Damaged("work on a file did not finish")))? {
            Opened::Read(bytes) => return Ok(stream::once(ready(Ok(bytes))).boxed()),
            Opened::File(file) => file,
        };
        let mut file = tokio::fs::File::from_std(file);
        file.seek(SeekFrom::Start(start)).await?;
        Ok(ReaderStream::with_capacity(file.take(length), READ_BYTES).boxed())
    }

    /// What it means that a file cannot be opened.
    fn fault(&self, error: io::Error) -> Error {
        if is_special(&error) {
            return Error::RecordingDamaged("it is not a regular file, or is reached by a symbolic link");
        }
        if error.kind() != io::ErrorKind::NotFound {
            return error.into();
        }
        // Without its folder of drafts, this is not the folder that the service opened, but perhaps a place where
        // nothing is mounted.
        if self.drafts().is_dir() {
            Error::RecordingMissing
        } else {
            Error::StoreUnavailable("the folder of recordings is gone".to_owned())
        }
    }

    /// Deletes a file. A missing file is no error. Durable when this returns, also if an earlier call has deleted the
    /// file and failed, so that no power cut brings back what was deleted.
    pub(super) fn remove(&self, file_path: &str) -> io::Result<()> {
        let gone = |done: io::Result<()>| match done {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        let place = match Place::open(&self.root, file_path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        gone(place.remove())?;
        place.sync()
    }

    /// Creates a folder of recordings and makes its name durable, unless this process has done so. Whoever comes while
    /// another does it waits.
    ///
    /// The lock is held during the sync. A second recording in the same new folder must not count as durable because
    /// the first one's sync is under way: that may still fail.
    fn make_durable(&self, folder: &Path) -> io::Result<()> {
        let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        if !durable.contains(folder) || !folder.is_dir() {
            fs::create_dir_all(folder)?;
            sync_folder(&self.root)?;
            durable.insert(folder.to_owned());
        }
        Ok(())
    }

    /// Checks that a file can be written.
    pub(super) fn probe(&self) -> io::Result<()> {
        let path = self.drafts().join(format!("probe-{}{DRAFT_SUFFIX}", std::process::id()));
        fs::write(&path, b"probe")?;
        match fs::remove_file(&path) {
            // Another probe of this process deleted it first.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Free bytes for more recordings.
    pub(super) fn free_bytes(&self) -> io::Result<u64> {
        free_bytes(&self.root)
    }

    fn drafts(&self) -> PathBuf {
        self.root.join(DRAFTS)
    }
}

impl Draft {
    /// Appends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Syncs the file and renames it to its final name, replacing an earlier one. Durable when this returns.
    ///
    /// The order matters: the content, the folder, the name, and then the folder's entry. A crash between any two
    /// leaves a draft, or a complete file.
    pub(crate) fn publish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        let target = self.folder.root.join(&self.target);
        self.folder.make_durable(target.parent().unwrap_or(&self.folder.root))?;
        let place = Place::open(&self.folder.root, &self.target)?;
        place.receive(&self.path)?;
        self.kept = true;
        place.sync()
    }
}
