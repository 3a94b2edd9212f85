//! Uploads a recording to an object store while it is rendered, in parts, of which a few are in memory. A short
//! recording takes a single request. The object appears only once it is complete.
//!
//! The rendering thread fills a part while up to two are on their way, and blocks when both are: that keeps memory at
//! three parts, whatever the length of the call and the speed of the store. An upload that is dropped is aborted,
//! because stores keep and charge the parts of unfinished ones.
//!
//! Nothing of an upload is visible before it is complete, in place of the draft and the rename of a folder. What a
//! crash leaves are parts that the store keeps and charges until a lifecycle rule aborts them; docs/object-store.md has
//! one.

use std::{mem, time::Duration};

use bytes::{Bytes, BytesMut};
use object_store::{MultipartUpload, PutMultipartOptions, path::Path};
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use super::objects::{Objects, attributes, failed, put_options, unless_missing};
use crate::Error;

/// Size of a part. S3 allows 10,000 parts of at least 5 MiB each, except the last; a 4 GiB recording has 512 of these.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// How many parts may be uploading while the next one fills.
const PARTS_UNDER_WAY: usize = 2;
/// How long a dropped upload blocks its thread until the store has aborted it. It is shorter than the ten seconds that
/// a shutdown may take.
const ABORT_PATIENCE: Duration = Duration::from_secs(5);
/// First and longest pause between attempts to abort.
const ABORT_AGAIN_FIRST: Duration = Duration::from_secs(1);
const ABORT_AGAIN_LAST: Duration = Duration::from_secs(60);

/// A recording being uploaded. Dropping it unpublished aborts the upload.
#[derive(Debug)]
pub(crate) struct Upload {
    objects: Objects,
    key: Path,
    stop: CancellationToken,
    /// Bytes not sent yet.
    part: BytesMut,
    parts: Option<Parts>,
}

/// A multipart upload that has begun.
#[derive(Debug)]
struct Parts {
    upload: Box<dyn MultipartUpload>,
    under_way: JoinSet<object_store::Result<Bytes>>,
    /// The buffer of a part that was sent, kept for the next one. Freeing and allocating it anew would briefly take its
    /// memory twice.
    spare: Option<BytesMut>,
}

impl Parts {
    fn send(&mut self, part: BytesMut) {
        let part = part.freeze();
        let sent = self.upload.put_part(part.clone().into());
        self.under_way.spawn(async move { sent.await.map(|()| part) });
    }

    /// Waits until fewer than `than` parts are uploading.
    ///
    /// # Errors
    /// The first part that could not be sent. The upload cannot be completed then, and its draft is dropped.
    async fn wait_for_fewer(&mut self, than: usize) -> object_store::Result<()> {
        while self.under_way.len() >= than {
            let Some(sent) = self.under_way.join_next().await else { break };
            self.spare = sent??.try_into_mut().ok();
        }
        Ok(())
    }

    /// Aborts the upload, retrying until the store confirms it.
    async fn abort(mut self) {
        self.under_way.shutdown().await;
        let mut pause = ABORT_AGAIN_FIRST;
        while let Err(error) = unless_missing(self.upload.abort().await) {
            let error = failed("write", &error);
            tracing::warn!(%error, "An unfinished upload could not be aborted; the service tries again.");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(ABORT_AGAIN_LAST);
        }
    }
}

impl Upload {
    pub(crate) fn new(objects: Objects, file_path: &str, stop: CancellationToken) -> Self {
        let key = objects.key(file_path);
        Self { objects, key, stop, part: BytesMut::new(), parts: None }
    }

    /// Appends bytes and sends each full part. Blocks while too many parts are uploading.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            if self.part.len() == PART_BYTES {
                self.send_part()?;
            }
            let room = PART_BYTES - self.part.len();
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.part.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    fn send_part(&mut self) -> Result<(), Error> {
        let part = mem::take(&mut self.part);
        let Self { objects, key, stop, parts, .. } = self;
        wait_for(objects, stop, async {
            let parts = match parts {
                Some(parts) => parts,
                None => {
                    let options = PutMultipartOptions { attributes: attributes(key), ..PutMultipartOptions::default() };
                    let upload = objects.store().put_multipart_opts(key, options).await?;
                    parts.insert(Parts { upload, under_way: JoinSet::new(), spare: None })
                }
            };
            parts.wait_for_fewer(PARTS_UNDER_WAY).await?;
            parts.send(part);
            Ok(parts.spare.take())
        })
        .map(|spare| {
            self.part = spare.unwrap_or_else(|| BytesMut::with_capacity(PART_BYTES));
            self.part.clear();
        })
    }

    /// Sends the rest and makes the object visible, replacing an earlier one.
    ///
    /// A recording that fits into one part was never begun as parts: it is a single request.
    pub(crate) fn publish(mut self) -> Result<(), Error> {
        let part = mem::take(&mut self.part);
        let Self { objects, key, stop, parts, .. } = &mut self;
        wait_for(objects, stop, async {
            let Some(parts) = parts else {
                return objects.store().put_opts(key, part.freeze().into(), put_options(key)).await.map(drop);
            };
            parts.send(part);
            parts.wait_for_fewer(1).await?;
            parts.upload.complete().await.map(drop)
        })?;
        self.parts = None;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(parts) = self.parts.take() else { return };
        let requests = self.objects.requests();
        let aborting = requests.spawn(parts.abort());
        // If the store needs longer, aborting continues in the background while the service runs.
        let _ = requests.block_on(async { timeout(ABORT_PATIENCE, aborting).await });
    }
}

/// Blocks on requests until they are done or `stop` is cancelled.
///
/// The thread is one of those that may block. It must not be a thread of the request runtime itself, which would wait
/// for its own work.
fn wait_for<T>(
    objects: &Objects,
    stop: &CancellationToken,
    work: impl Future<Output = object_store::Result<T>>,
) -> Result<T, Error> {
    objects.requests().block_on(async {
        tokio::select! {
            done = work => done.map_err(|error| failed("write", &error)),
            () = stop.cancelled() => Err(Error::StoreUnavailable("it is not waited for any longer".to_owned())),
        }
    })
}
