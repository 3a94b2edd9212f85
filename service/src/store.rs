//! The folder of finished recordings. Files are named after ids alone; a file stands under its name only when it is
//! whole and synced, and until then in `tmp/`, which is emptied when the store is opened.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use uuid::Uuid;

use crate::database::free_bytes;

/// A folder of recordings, which no other process uses as long as this one has it.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    /// Locked: another service would take our drafts for what a crash left.
    drafts: Arc<File>,
}

/// A file being written; it appears in the store by [`publish`](Store::publish), and goes when dropped before.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Open for writing.
    pub file: File,
    path: PathBuf,
    kept: bool,
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept && fs::remove_file(&self.path).is_err() {
            tracing::warn!("A draft of a recording could not be removed; the next start removes it.");
        }
    }
}

/// The folder of files that are being written.
const DRAFTS: &str = "tmp";
/// What their names end in.
const DRAFT_SUFFIX: &str = ".wav.part";

impl Store {
    /// Opens the folder, makes it where there is none, and removes what a crash left half-written.
    ///
    /// # Errors
    /// When the folder cannot be made, read or written, or another service uses it.
    pub fn open(root: &Path) -> io::Result<Self> {
        let drafts = root.join(DRAFTS);
        fs::create_dir_all(&drafts)?;
        let drafts = File::open(drafts)?;
        drafts.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other("another Callstore that is running uses it"),
            TryLockError::Error(error) => error,
        })?;
        let store = Self { root: root.to_owned(), drafts: Arc::new(drafts) };
        for entry in fs::read_dir(store.drafts())? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().ends_with(DRAFT_SUFFIX) {
                fs::remove_file(entry.path())?;
            }
        }
        match store.probe() {
            // Calls can still be read, and deleted to make room.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                tracing::error!("There is no space left for recordings; delete calls, or make room.");
            }
            other => other?,
        }
        Ok(store)
    }

    /// Leaves the folder to the next service.
    pub(crate) fn close(&self) {
        if let Err(error) = self.drafts.unlock() {
            tracing::warn!(%error, "The folder of recordings could not be unlocked.");
        }
    }

    /// The name of a call's recording, relative to the store. The last two digits spread the files over 256 folders.
    #[must_use]
    pub fn file_path(call: Uuid) -> String {
        let name = call.as_hyphenated().to_string();
        format!("{}/{name}.wav", &name[name.len() - 2..])
    }

    /// Where a file of this name is.
    #[must_use]
    pub fn locate(&self, file_path: &str) -> PathBuf {
        self.root.join(file_path)
    }

    /// Begins a file under a name that no other writer has.
    pub(crate) fn draft(&self, unique: Uuid) -> io::Result<Draft> {
        fs::create_dir_all(self.drafts())?;
        let path = self.drafts().join(format!("{}{DRAFT_SUFFIX}", unique.as_hyphenated()));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        Ok(Draft { file, path, kept: false })
    }

    /// Syncs a draft and puts it under its name, in place of one that may be there; durable when this returns.
    pub(crate) fn publish(&self, mut draft: Draft, file_path: &str) -> io::Result<()> {
        draft.file.sync_all()?;
        let target = self.locate(file_path);
        let folder = target.parent().unwrap_or(&self.root);
        if !folder.is_dir() {
            fs::create_dir_all(folder)?;
            sync_folder(&self.root)?;
        }
        fs::rename(&draft.path, &target)?;
        draft.kept = true;
        sync_folder(folder)
    }

    /// Removes a file; one that is not there is removed already.
    pub(crate) fn remove(&self, file_path: &str) -> io::Result<()> {
        match fs::remove_file(self.locate(file_path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether a file can be written.
    pub(crate) fn probe(&self) -> io::Result<()> {
        let path = self.drafts().join(format!("probe-{}{DRAFT_SUFFIX}", std::process::id()));
        fs::write(&path, b"probe")?;
        match fs::remove_file(&path) {
            // Another probe of this process was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// How many bytes are free for more recordings.
    pub(crate) fn free_bytes(&self) -> io::Result<u64> {
        free_bytes(&self.root)
    }

    fn drafts(&self) -> PathBuf {
        self.root.join(DRAFTS)
    }
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
