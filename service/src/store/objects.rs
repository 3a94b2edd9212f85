//! Recordings in an object store: S3 or a compatible one. All requests run on a dedicated thread, because a server's
//! threads end before the clean-up at shutdown is done.
//!
//! An object store has no rename, and needs none: an object appears when its upload is complete. It has no lock either;
//! names of drafts do not exist, and two uploads of the same key do not disturb each other.
//!
//! Failures of the store are transient for us, whatever their code: wrong credentials and missing buckets get repaired
//! too. The call waits, its chunks are kept, and the health check and the log say why.

use std::{
    error::Error as _,
    io,
    iter::successors,
    ops::Range,
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use futures_util::{StreamExt, TryStreamExt, future::ready};
use object_store::{
    Attribute, Attributes, GetOptions, GetResult, ObjectStore, ObjectStoreExt, PutOptions,
    path::Path,
    signer::{Method, Signer},
};
use tokio::{
    runtime::{self, Handle},
    sync::Mutex,
    time::{Instant, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::{
    audio_stream::AudioStream,
    connect::connect,
    names::{Listed, call_of},
    url::Bucket,
};
use crate::{Error, Private};

/// The recordings in a bucket.
#[derive(Clone, Debug)]
pub(crate) struct Objects(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<dyn ObjectStore>,
    signer: Arc<dyn Signer>,
    bucket: Bucket,
    /// The runtime of the request thread. It runs until `_running` is dropped with this.
    requests: Handle,
    _running: DropGuard,
    /// When the last probe ended, and its error if it failed.
    probed: Mutex<Option<(Instant, Option<String>)>>,
}

/// How long a download waits for the first byte, and a deletion for its response.
const READ_PATIENCE: Duration = Duration::from_secs(10);
/// How long listing a folder may take.
const LIST_PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How many objects are listed at a time, which is as many as one request returns.
const PAGE: usize = 1000;
/// How long a probe may take, and how long its outcome is reused.
const PROBE_PATIENCE: Duration = Duration::from_secs(2);
const PROBE_HOLDS: Duration = Duration::from_secs(10);
/// How long a signed URL is valid.
const SIGNED_FOR: Duration = Duration::from_secs(5 * 60);
/// Name of the object that a probe writes.
const PROBE: &str = "tmp/probe";

impl Objects {
    /// Configures the store from environment variables. No request is made.
    pub(crate) fn open(bucket: &Bucket, environment: &[(String, Private)]) -> Result<Self, String> {
        // The HTTP client brings no TLS implementation. A provider that this process has already chosen stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (store, signer) = connect(bucket, environment).map_err(|error| describe(&error))?;
        let (requests, running) = run_requests().map_err(|error| error.to_string())?;
        let bucket = bucket.clone();
        Ok(Self(Arc::new(Inner { store, signer, bucket, requests, _running: running, probed: Mutex::default() })))
    }

    pub(crate) fn store(&self) -> &dyn ObjectStore {
        &*self.0.store
    }

    pub(crate) fn requests(&self) -> &Handle {
        &self.0.requests
    }

    /// The key of an object.
    pub(crate) fn key(&self, file_path: &str) -> Path {
        let file = Path::from(file_path);
        self.0.bucket.prefix.parts().chain(file.parts()).collect()
    }

    pub(crate) fn url(&self, file_path: &str) -> String {
        let Bucket { provider, name, .. } = &self.0.bucket;
        format!("{}://{name}/{}", provider.scheme(), self.key(file_path))
    }

    /// Signing needs no request, except where credentials have to be fetched first.
    pub(crate) async fn signed_url(&self, file_path: &str, head: bool) -> Result<Private, Error> {
        let (this, key) = (self.clone(), self.key(file_path));
        let method = if head { Method::HEAD } else { Method::GET };
        let sign = async move { this.0.signer.signed_url(method, &key, SIGNED_FOR).await };
        Ok(self.run("read", READ_PATIENCE, sign).await?.to_string().into())
    }

    /// Reads a range of an object. With `head`, only checks that it is there.
    pub(crate) async fn read(
        &self,
        file_path: &str,
        part: Range<u64>,
        size: u64,
        head: bool,
    ) -> Result<AudioStream, Error> {
        let range = (!head && part != (0..size)).then_some(part);
        let found = match self.get(file_path, range.clone(), head).await {
            // A range beyond the end of an object that is too short is refused, in words of the store's own.
            Err(error) if range.is_some() => match self.get(file_path, None, true).await {
                Ok(found) if found.meta.size != size => Ok(found),
                Ok(_) | Err(_) => Err(error),
            },
            other => other,
        }?;
        if found.meta.size != size {
            return Err(Error::RecordingDamaged("its length differs from the recording's"));
        }
        let failed = |error| io::Error::other(failed("read", &error).to_string());
        Ok(Box::pin(found.into_stream().map_err(failed)))
    }

    /// Requests an object. A missing bucket is a failing store.
    async fn get(&self, file_path: &str, range: Option<Range<u64>>, head: bool) -> Result<GetResult, Error> {
        let (this, key) = (self.clone(), self.key(file_path));
        let options = GetOptions { range: range.map(Into::into), head, ..GetOptions::default() };
        let get = async move {
            match this.store().get_opts(&key, options).await {
                Err(error @ object_store::Error::NotFound { .. }) if !describe(&error).contains("NoSuchBucket") => {
                    Ok(None)
                }
                other => other.map(Some),
            }
        };
        self.run("read", READ_PATIENCE, get).await?.ok_or(Error::RecordingMissing)
    }

    pub(crate) async fn remove(&self, file_path: &str) -> Result<(), Error> {
        let (this, key) = (self.clone(), self.key(file_path));
        let delete = async move { unless_missing(this.store().delete(&key).await) };
        self.run("delete", READ_PATIENCE, delete).await
    }

    /// The calls that have an object in one of the folders, by the objects' names.
    pub(crate) async fn calls_in(&self, folder: &str) -> Result<Vec<Uuid>, Error> {
        let (this, key, name) = (self.clone(), self.key(folder), folder.to_owned());
        let list = async move {
            let found = this.store().list(Some(&key));
            let calls = found
                .try_filter_map(|object| ready(Ok(object.location.filename().and_then(|file| call_of(&name, file)))));
            let mut calls: Vec<Uuid> = calls.try_collect().await?;
            calls.sort_unstable();
            calls.dedup();
            Ok(calls)
        };
        self.run("read", LIST_PATIENCE, list).await
    }

    /// A page of the list of all recordings, which begins after the name `after`: the calls whose object has not
    /// changed since `before`. Names are in the order of their bytes.
    pub(crate) async fn old_calls(&self, after: String, before: SystemTime) -> Result<Listed, Error> {
        let (this, root, offset) = (self.clone(), self.key(""), self.key(&after));
        let list = async move {
            let page = this.store().list_with_offset(Some(&root), &offset).take(PAGE);
            page.try_collect::<Vec<_>>().await
        };
        let page = self.run("read", LIST_PATIENCE, list).await?;
        let file_path = |location: &Path| {
            let mut parts = location.parts().rev();
            let (file, folder) = (parts.next()?, parts.next()?);
            Some((folder.as_ref().to_owned(), file.as_ref().to_owned()))
        };
        let last = page.last().filter(|_| page.len() == PAGE).and_then(|object| file_path(&object.location));
        // A store that does not know where to begin would return the same page for ever.
        let next = last.map(|(folder, file)| format!("{folder}/{file}")).filter(|last| *last > after);
        let old = page.into_iter().filter(|object| SystemTime::from(object.last_modified) < before);
        let calls =
            old.filter_map(|object| file_path(&object.location).and_then(|(folder, file)| call_of(&folder, &file)));
        let mut calls: Vec<_> = calls.collect();
        calls.dedup();
        Ok(Listed { calls, next })
    }

    /// Checks that an object can be written. The outcome is reused for some seconds.
    pub(crate) async fn probe(&self) -> Result<(), Error> {
        // Concurrent callers wait here and get the same outcome.
        let mut probed = self.0.probed.lock().await;
        if let Some((when, outcome)) = &*probed
            && when.elapsed() < PROBE_HOLDS
        {
            return outcome.clone().map_or(Ok(()), |cause| Err(Error::StoreUnavailable(cause)));
        }
        let (this, key) = (self.clone(), self.key(PROBE));
        let write = async move {
            this.store().put(&key, "probe".into()).await?;
            // Another node's probe may have deleted it first.
            unless_missing(this.store().delete(&key).await)
        };
        let outcome = self.run("probe", PROBE_PATIENCE, write).await;
        let cause = match &outcome {
            Err(Error::StoreUnavailable(cause)) => Some(cause.clone()),
            _ => None,
        };
        *probed = Some((Instant::now(), cause));
        outcome
    }

    /// Runs requests on the request thread, for at most `patience`.
    ///
    /// The request goes on when the caller is gone, until its own time limit; what it returns is then dropped.
    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        patience: Duration,
        work: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> Result<T, Error> {
        match self.requests().spawn(timeout(patience, work)).await {
            Ok(Ok(done)) => done.map_err(|error| failed(operation, &error)),
            Ok(Err(_)) => Err(late(operation)),
            Err(_) => Err(Error::StoreUnavailable("a request did not finish".to_owned())),
        }
    }
}

/// The content type that the object store reports to clients that download directly.
pub(super) fn attributes(key: &Path) -> Attributes {
    let content_type = if key.as_ref().ends_with(".wav") { "audio/wav" } else { "application/octet-stream" };
    [(Attribute::ContentType, content_type)].into_iter().collect()
}

pub(super) fn put_options(key: &Path) -> PutOptions {
    PutOptions { attributes: attributes(key), ..PutOptions::default() }
}

/// A missing object or upload counts as deleted.
pub(super) fn unless_missing(outcome: object_store::Result<()>) -> object_store::Result<()> {
    match outcome {
        Err(object_store::Error::NotFound { .. }) => Ok(()),
        other => other,
    }
}

/// Counts a failed request and describes the error.
pub(super) fn failed(operation: &'static str, error: &object_store::Error) -> Error {
    count_failure(operation);
    Error::StoreUnavailable(describe(error))
}

fn late(operation: &'static str) -> Error {
    count_failure(operation);
    Error::StoreUnavailable("it did not answer in time".to_owned())
}

fn count_failure(operation: &'static str) {
    metrics::counter!("callstore_store_failures_total", "operation" => operation).increment(1);
}

/// Describes an error in one line. Of the store's response it keeps only the error code, because the rest can repeat
/// key and signature.
fn describe(error: &object_store::Error) -> String {
    let said = error.to_string();
    let answer = said.find(['<', '{', '\n']).unwrap_or(said.len());
    let (line, answer) = said.split_at(answer);
    let line = line.trim_end_matches([' ', ':']);
    let code = answer.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    if let Some((code, _)) = code.filter(|(code, _)| code.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return format!("{line}: {code}");
    }
    let root = successors(error.source(), |error| (*error).source()).last().map(ToString::to_string);
    match root.filter(|root| answer.is_empty() && !line.contains(root.as_str())) {
        Some(root) => format!("{line}: {root}"),
        None => line.to_owned(),
    }
}

/// Starts the request thread. It ends when the guard is dropped.
fn run_requests() -> io::Result<(Handle, DropGuard)> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let (handle, stop) = (runtime.handle().clone(), CancellationToken::new());
    let stopped = stop.clone();
    thread::Builder::new().name("object-store".to_owned()).spawn(move || runtime.block_on(stopped.cancelled()))?;
    Ok((handle, stop.drop_guard()))
}
