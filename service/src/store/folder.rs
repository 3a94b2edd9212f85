//! The folder of finished recordings. A file stands under its name only when it is whole and synced, and until then in
//! `tmp/`, which is emptied when the folder is opened.

use std::{
    fs::{self, File, TryLockError},
    io::{self, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use super::AudioStream;
use crate::database::free_bytes;

/// A folder of recordings, which no other process uses as long as this one has it.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
    /// Locked: another service would take our drafts for what a crash left.
    drafts: Arc<File>,
}

/// A file being written; it appears in the folder by [`publish`](Draft::publish), and goes when dropped before.
#[derive(Debug)]
pub(crate) struct Draft {
    file: File,
    path: PathBuf,
    target: PathBuf,
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

/// How much of a file is read at a time.
const READ_BYTES: usize = 128 * 1024;
/// The folder of files that are being written.
const DRAFTS: &str = "tmp";
/// What their names end in.
const DRAFT_SUFFIX: &str = ".wav.part";

impl Folder {
    /// Opens the folder, makes it where there is none, and removes what a crash left half-written.
    pub fn open(root: &Path) -> io::Result<Self> {
        let drafts = root.join(DRAFTS);
        fs::create_dir_all(&drafts)?;
        let drafts = File::open(drafts)?;
        drafts.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other("another Callstore that is running uses it"),
            TryLockError::Error(error) => error,
        })?;
        let folder = Self { root: root.to_owned(), drafts: Arc::new(drafts) };
        for entry in fs::read_dir(folder.drafts())? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().ends_with(DRAFT_SUFFIX) {
                fs::remove_file(entry.path())?;
            }
        }
        match folder.probe() {
            // Calls can still be read, and deleted to make room.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                tracing::error!("There is no space left for recordings; delete calls, or make room.");
            }
            other => other?,
        }
        Ok(folder)
    }

    /// Leaves the folder to the next service.
    pub fn close(&self) {
        if let Err(error) = self.drafts.unlock() {
            tracing::warn!(%error, "The folder of recordings could not be unlocked.");
        }
    }

    fn locate(&self, file_path: &str) -> PathBuf {
        self.root.join(file_path)
    }

    /// Begins a file under a name that no other writer has.
    pub fn draft(&self, file_path: &str, unique: Uuid) -> io::Result<Draft> {
        fs::create_dir_all(self.drafts())?;
        let path = self.drafts().join(format!("{}{DRAFT_SUFFIX}", unique.as_hyphenated()));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        Ok(Draft { file, path, target: self.locate(file_path), folder: self.clone(), kept: false })
    }

    /// Reads a part of a file.
    pub async fn read(&self, file_path: &str, part: Range<u64>) -> io::Result<AudioStream> {
        let mut file = tokio::fs::File::open(self.locate(file_path)).await?;
        file.seek(SeekFrom::Start(part.start)).await?;
        Ok(ReaderStream::with_capacity(file.take(part.end - part.start), READ_BYTES).boxed())
    }

    /// Removes a file; one that is not there is removed already.
    pub fn remove(&self, file_path: &str) -> io::Result<()> {
        match fs::remove_file(self.locate(file_path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether a file can be written.
    pub fn probe(&self) -> io::Result<()> {
        let path = self.drafts().join(format!("probe-{}{DRAFT_SUFFIX}", std::process::id()));
        fs::write(&path, b"probe")?;
        match fs::remove_file(&path) {
            // Another probe of this process was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// How many bytes are free for more recordings.
    pub fn free_bytes(&self) -> io::Result<u64> {
        free_bytes(&self.root)
    }

    fn drafts(&self) -> PathBuf {
        self.root.join(DRAFTS)
    }
}

impl Draft {
    /// Adds bytes to its end.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Syncs it and puts it under its name, in place of one that may be there; durable when this returns.
    pub fn publish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        let root = &self.folder.root;
        let parent = self.target.parent().unwrap_or(root);
        if !parent.is_dir() {
            fs::create_dir_all(parent)?;
            sync_folder(root)?;
        }
        fs::rename(&self.path, &self.target)?;
        self.kept = true;
        sync_folder(parent)
    }
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
