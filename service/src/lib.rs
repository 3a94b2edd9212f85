//! The business rules of Callstore: calls, chunks, recordings, transcripts, analytics, metadata, keys. This crate knows
//! neither HTTP nor status codes; `api` translates. All operations are methods of [`Callstore`], with one file or
//! folder per resource. They return types of the domain; rows of the tables (`entity`) stay inside.

mod analytics;
mod audit;
mod background;
mod backup;
mod calls;
mod chunks;
mod clock;
mod conversion;
mod copy;
mod crash;
mod database;
mod durable;
mod error;
mod events;
mod finalizer;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod hex;
mod idempotency;
mod keys;
mod lease;
pub mod limits;
mod links;
mod metadata;
mod modes;
mod page;
mod paths;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
mod plans;
mod policy;
mod purge;
mod recordings;
mod signer;
mod store;
mod streams;
mod transcripts;
mod version;
mod writer;

use std::sync::Arc;

pub use analytics::{Analytics, NewAnalytics, Sentiment};
pub use audio;
pub use audit::{Actor, AuditEntry, ListAudit, NewAuditEntry};
pub use backup::{BackedUp, BackupError, Restored, create_backup, restore_backup};
pub use calls::{
    AudioFormat, Call, CallChange, CallFailure, CallFilter, CallList, CallParts, CallRef, CallSort, Direction,
    EndReason, ListCalls, NewCall, Part, PhoneCall, SID_CHARACTERS, SortField, Started, Status, as_id, is_sid,
};
pub use chunks::{ChunkStatus, ChunkStored, NewChunk, SharedChunks, Track, TrackStatus, TrackSummary};
pub use clock::{Clock, Ids, SystemClock, SystemIds};
pub use copy::{CopiedRecordings, CopiedTable, CopyError, CopyProgress, copy_recordings, copy_tables, settle_journal};
pub use database::{Database, DatabaseUrl, OpenError};
pub use entity::{Private, Timestamp};
pub use error::{Error, FieldError};
pub use events::{CallEvent, EventType, NewEvent};
pub use health::Health;
pub use idempotency::{Idempotency, NameInUse};
pub use keys::{
    ApiKey, CreatedKey, FILE_LABEL, KEY_MIN_CHARACTERS, KeyGrant, KeyRefusal, NewKey, Revoked, Scope, Secret,
};
pub use links::Link;
pub use metadata::{Metadata, MetadataChange, MetadataSet, NewMetadata};
pub use modes::tighten_modes;
pub use page::{Page, Slice};
pub use paths::absolute;
pub use policy::{Policy, RECONNECT_GRACE};
pub use recordings::{Gap, Gaps, Recording, RecordingFile};
pub use store::{AudioStream, Store, StoreError, StoreUrl, StoreUrlError};
pub use streams::{
    Added, Arrival, CallSocket, Frame, Interruption, MediaStream, NewStream, Refused, SocketWriter, TokenRefused,
};
pub use transcripts::{ListTranscripts, NewTranscript, Transcript};
pub use version::{Precondition, Versioned, Versions, digest};

use background::Background;
use finalizer::Finalizer;
use futures_util::FutureExt;
use idempotency::UnderWay;
use keys::Ring;
use signer::Signer;
use streams::Streams;
use tokio::sync::OnceCell;
use uuid::Uuid;
use writer::Writer;

/// The caller of calls that were started without one.
pub const UNKNOWN_CALLER: &str = "unknown";

/// The call store, on which all operations are methods. Cheap to clone.
#[derive(Clone)]
pub struct Callstore(Arc<Inner>);

struct Inner {
    database: Database,
    store: Store,
    clock: Box<dyn Clock>,
    ids: Arc<dyn Ids>,
    policy: Policy,
    /// When this process started to serve. Timeouts of calls count from here at the earliest.
    began: Timestamp,
    writer: Writer,
    background: Background,
    finalizer: Finalizer,
    streams: Streams,
    under_way: UnderWay,
    keys: Ring,
    signer: OnceCell<Signer>,
    /// Identifies this process among the nodes of a cluster, as the holder of leases.
    node: Uuid,
}

impl Callstore {
    /// A call store over a migrated database and a recording store. Call [`resume`](Self::resume) before serving
    /// requests.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn new(database: Database, store: Store, clock: Box<dyn Clock>, ids: Arc<dyn Ids>, policy: Policy) -> Self {
        let (writer, finalizer) = (Writer::start(database.clone()), Finalizer::default());
        let (streams, under_way) = (Streams::default(), UnderWay::default());
        let (keys, signer) = (Ring::default(), OnceCell::new());
        Self(Arc::new(Inner {
            database,
            store,
            began: clock.now(),
            node: ids.next(),
            clock,
            ids,
            policy,
            writer,
            background: Background::default(),
            finalizer,
            streams,
            under_way,
            keys,
            signer,
        }))
    }

    /// Resumes the unfinished work of the last run (recordings to make, chunks and deleted calls to remove), and starts
    /// the periodic background tasks.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn resume(&self) -> Result<(), Error> {
        // An empty write makes the writer read the journal, so that a damaged journal fails the start.
        self.write(None, 0, |_| async { Ok(()) }.boxed()).await?;
        self.read_keys().await?;
        self.0.background.spawn(self.clone().keep_reading_keys());
        self.signer().await?;
        self.resume_finalizing().await?;
        let this = self.clone();
        self.0.background.spawn(async move {
            let what = "Unfinished deletions of the last run could not be read; the service tries again.";
            this.0.background.until_done(what, || this.resume_purging()).await;
        });
        let store = self.0.store.clone();
        self.0.background.spawn(async move {
            if let Err(error) = store.probe().await {
                tracing::error!(%error, "The recording store cannot be used; recordings are made once it can.");
            }
        });
        self.0.background.spawn(self.clone().keep_sweeping());
        self.0.background.spawn(self.clone().keep_forgetting());
        Ok(())
    }

    /// Stops the background work, which the next start resumes, and closes the database. Waiting
    /// [`end_call`](Self::end_call)s return as soon as this begins.
    pub async fn close(&self) {
        self.0.background.close().await;
        self.0.writer.close().await;
        self.0.database.close().await;
        self.0.store.close();
    }

    /// Tells waiting [`end_call`](Self::end_call)s to return and sockets to close, because the service is about to
    /// stop.
    pub fn stop_waiting(&self) {
        self.0.streams.stop();
        self.0.background.cancel();
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}
