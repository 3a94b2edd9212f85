//! Where finished recordings are kept: a folder or an object store. Both name recordings by the call's id alone, and
//! show a name only once its recording is complete.
//!
//! A recording's life in the store: a draft that nobody can see is written from front to back, then published under the
//! call's name in one step, which also replaces an earlier one. It is read in ranges, and removed with its call. A name
//! says nothing about a person, so it can appear in logs and listings.
//!
//! Rendering blocks a thread of its own, so drafts have blocking methods; requests and clean-up await theirs.

mod audio_stream;
mod connect;
mod folder;
mod names;
mod objects;
mod upload;
mod url;

use std::{io, ops::Range, path::PathBuf, time::SystemTime};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use audio_stream::AudioStream;
pub use url::{StoreUrl, StoreUrlError};

use crate::{Error, Private, absolute};
use folder::Folder;
pub(crate) use names::Listed;
use objects::Objects;
use upload::Upload;

/// The recording store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Folder(Folder),
    Objects(Objects),
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be created, read or written, or another service uses it.
    #[error("the folder for recordings {} cannot be used: {source}", absolute(folder).display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The configuration of the object store is invalid.
    #[error("the object store for recordings cannot be used: {0}")]
    Objects(String),
}

/// A recording being written. [`publish`](Draft::publish) gives it its name; dropping it unpublished discards it.
#[derive(Debug)]
pub(crate) enum Draft {
    File(folder::Draft),
    Upload(Upload),
}

impl Store {
    /// Opens a folder, creating it if it is missing and deleting what a crash left half-written. An object store is
    /// only configured, and need not be reachable yet. `environment` holds the variables of its own tools, such as
    /// `AWS_REGION`.
    ///
    /// # Errors
    /// When the folder cannot be used, or the configuration of the object store is invalid.
    pub fn open(url: &StoreUrl, environment: &[(String, Private)]) -> Result<Self, StoreError> {
        Ok(Self(match url {
            StoreUrl::Folder(root) => {
                let open = Folder::open(root);
                Kind::Folder(open.map_err(|source| StoreError::Folder { folder: root.clone(), source })?)
            }
            StoreUrl::Objects(bucket) => {
                Kind::Objects(Objects::open(bucket, environment).map_err(StoreError::Objects)?)
            }
        }))
    }

    /// Opens a store that a service may be using, only to read.
    ///
    /// # Errors
    /// When the folder cannot be read, or the configuration of the object store is invalid.
    pub fn open_to_read(url: &StoreUrl, environment: &[(String, Private)]) -> Result<Self, StoreError> {
        match url {
            StoreUrl::Folder(root) => {
                let open = Folder::open_to_read(root);
                Ok(Self(Kind::Folder(open.map_err(|source| StoreError::Folder { folder: root.clone(), source })?)))
            }
            StoreUrl::Objects(_) => Self::open(url, environment),
        }
    }

    /// The calls that have files in one of the 256 folders, by the files' names. Each call once.
    pub(crate) async fn calls_in(&self, folder: &str) -> Result<Vec<Uuid>, Error> {
        match &self.0 {
            Kind::Folder(store) => {
                let (store, folder) = (store.clone(), folder.to_owned());
                blocking(move || store.calls_in(&folder, None)).await
            }
            Kind::Objects(objects) => objects.calls_in(folder).await,
        }
    }

    /// Unlocks the folder for the next service.
    pub(crate) fn close(&self) {
        if let Kind::Folder(folder) = &self.0 {
            folder.close();
        }
    }

    /// The name of a call's recording, relative to the store.
    #[must_use]
    pub fn file_path(call: Uuid) -> String {
        names::file_path(call)
    }

    /// The name of the peaks of a call's recording, relative to the store.
    pub(crate) fn peaks_path(call: Uuid) -> String {
        names::peaks_path(call)
    }

    /// The address of an object, for clients with access to the object store; `None` for a folder.
    pub(crate) fn file_url(&self, file_path: &str) -> Option<String> {
        match &self.0 {
            Kind::Folder(_) => None,
            Kind::Objects(objects) => Some(objects.url(file_path)),
        }
    }

    /// A URL that the object store serves without credentials for a short time; `None` for a folder.
    pub(crate) async fn signed_url(&self, file_path: &str, head: bool) -> Result<Option<Private>, Error> {
        match &self.0 {
            Kind::Folder(_) => Ok(None),
            Kind::Objects(objects) => objects.signed_url(file_path, head).await.map(Some),
        }
    }

    /// Begins a recording: a draft file named `unique`, or an upload that fails once `stop` is cancelled. Blocks.
    ///
    /// Drafts of the same call may exist at the same time, on two nodes or after a lost lease; each has a name of its
    /// own, and whichever is published last is there.
    pub(crate) fn draft(&self, file_path: &str, unique: Uuid, stop: &CancellationToken) -> Result<Draft, Error> {
        Ok(match &self.0 {
            Kind::Folder(folder) => Draft::File(folder.draft(file_path, unique)?),
            Kind::Objects(objects) => Draft::Upload(Upload::new(objects.clone(), file_path, stop.clone())),
        })
    }

    /// Reads a range of a recording of `size` bytes. With `head`, only checks that it is there.
    ///
    /// Of a folder the stream is a file's; of an object store it is the response's, passed on as it arrives.
    ///
    /// # Errors
    /// `RecordingMissing` if the store does not have it, `RecordingDamaged` if it is no file of that size, or a failing
    /// store.
    pub(crate) async fn read(
        &self,
        file_path: &str,
        part: Range<u64>,
        size: u64,
        head: bool,
    ) -> Result<AudioStream, Error> {
        match &self.0 {
            Kind::Folder(folder) => folder.read(file_path, part, size).await,
            Kind::Objects(objects) => objects.read(file_path, part, size, head).await,
        }
    }

    /// The first part of the list of all recordings. The other parts follow by [`Listed::next`].
    pub(crate) fn first_part() -> String {
        names::folder(0)
    }

    /// A part of the list of all recordings: the calls whose recording has not changed since `before`. A part is one
    /// folder, or one page of an object store's list, so that no part is large.
    pub(crate) async fn old_calls(&self, part: String, before: SystemTime) -> Result<Listed, Error> {
        match &self.0 {
            Kind::Folder(store) => {
                let (store, next) = (store.clone(), names::folder_after(&part));
                let calls = blocking(move || store.calls_in(&part, Some(before))).await?;
                Ok(Listed { calls, next })
            }
            Kind::Objects(objects) => objects.old_calls(part, before).await,
        }
    }

    /// Deletes a call's recording and its peaks. What is missing is no error.
    pub(crate) async fn remove_call(&self, call: Uuid) -> Result<(), Error> {
        self.remove(&Self::file_path(call)).await?;
        self.remove(&Self::peaks_path(call)).await
    }

    /// Deletes a file. A missing one is no error.
    pub(crate) async fn remove(&self, file_path: &str) -> Result<(), Error> {
        match &self.0 {
            Kind::Folder(folder) => {
                let (folder, file_path) = (folder.clone(), file_path.to_owned());
                blocking(move || folder.remove(&file_path)).await
            }
            Kind::Objects(objects) => objects.remove(file_path).await,
        }
    }

    /// Checks that the store can be written.
    pub(crate) async fn probe(&self) -> Result<(), Error> {
        match &self.0 {
            Kind::Folder(folder) => {
                let folder = folder.clone();
                blocking(move || folder.probe()).await
            }
            Kind::Objects(objects) => objects.probe().await,
        }
    }

    /// Free bytes for more recordings; `None` for an object store.
    pub(crate) fn free_bytes(&self) -> io::Result<Option<u64>> {
        match &self.0 {
            Kind::Folder(folder) => folder.free_bytes().map(Some),
            Kind::Objects(_) => Ok(None),
        }
    }
}

impl Draft {
    /// Appends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match self {
            Self::File(file) => Ok(file.write(bytes)?),
            Self::Upload(upload) => upload.write(bytes),
        }
    }

    /// Gives the recording its name, replacing an earlier one. Durable when this returns.
    pub(crate) fn publish(self) -> Result<(), Error> {
        match self {
            Self::File(file) => Ok(file.publish()?),
            Self::Upload(upload) => upload.publish(),
        }
    }
}

/// Runs file operations on a thread that may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|_| Error::Damaged("work on a file did not finish"))??)
}
