//! The business rules of Callstore: calls, chunks, recordings, transcripts, analytics, metadata, keys. This crate knows
//! neither HTTP nor status codes; `api` translates. [`Callstore`] has one part per resource, with its operations, in a
//! file or folder of its own. They return types of the domain; rows of the tables (`entity`) stay inside.
//!
//! # The life of a call store
//! 1. [`Database::open`] and [`Store::open`]. The caller migrates the schema, whose history this crate does not know.
//! 2. [`Callstore::new`] makes the parts and starts the writer. A command may then [close](Callstore::close) again.
//! 3. [`Callstore::resume`] takes up what the last run has left, and starts what runs in the background.
//! 4. Operations, from any thread. A handle is a clone.
//! 5. [`Callstore::stop_waiting`] lets those return that wait, so that the server can finish its requests. Then
//!    [`Callstore::close`]: background work first, then the writer, whose last commit empties the journal, and the
//!    database last. The runtime in which the call store was made must live until `close` returns.
//!
//! # What holds everywhere
//! - What is acknowledged is on disk.
//! - A rule is checked in the transaction that relies on it, never before.
//! - Time, ids and the environment are given, never taken.
//! - A deleted call is found by nobody (`calls/visible.rs`).

mod analytics;
mod audit;
mod author;
mod background;
mod backup;
mod beneath;
mod calls;
mod chunks;
mod clock;
pub mod computed;
mod conversion;
mod copy;
mod core;
mod crash;
mod database;
mod durable;
mod entries;
mod error;
mod events;
mod finalizer;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod hex;
mod idempotency;
mod integrity;
mod keys;
mod lease;
mod leftovers;
pub mod limits;
mod links;
mod metadata;
mod modes;
mod orphans;
mod page;
mod paths;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
mod plans;
mod policy;
mod purge;
mod recordings;
mod search;
mod signer;
mod stats;
mod stop;
mod store;
mod streams;
mod sweep;
mod transcripts;
mod version;
mod words;
mod writer;

use std::{ops::Deref, sync::Arc};

pub use analytics::{Analytics, AnalyticsSnapshots, NewAnalytics, Sentiment};
pub use audio;
pub use audit::{
    Actor, Audit, AuditEntry, AuditError, AuditFault, ChainHead, Exported, ListAudit, NewAuditEntry, Verified,
    verify_exports,
};
pub use author::Author;
pub use backup::{BackedUp, BackupError, Restored, create_backup, restore_backup};
pub use calls::{
    AudioFormat, Call, CallChange, CallFailure, CallFilter, CallList, CallParts, CallRef, CallSort, Calls, CustomValue,
    Direction, EndReason, ListCalls, ListPart, NewCall, Part, PhoneCall, SID_CHARACTERS, SortField, Started, Status,
    UNKNOWN_CALLER, as_id, is_sid,
};
pub use chunks::{Added, ChunkStatus, ChunkStored, Chunks, NewChunk, SharedChunks, Track, TrackStatus, TrackSummary};
pub use clock::{Clock, Ids, SystemClock, SystemIds};
pub use computed::{Computed, ComputedAnalytics};
pub use conversion::Conversions;
pub use copy::{CopiedRecordings, CopiedTable, CopyError, CopyProgress, copy_recordings, copy_tables, settle_journal};
pub use database::{Database, DatabaseUrl, OpenError};
pub use entity::{Private, Timestamp, transcript::Kind as TranscriptKind};
pub use error::{Error, FieldError};
pub use events::{CallEvent, EventType, Events, NewEvent};
pub use health::{Health, HealthChecks};
pub use idempotency::{Idempotency, NameInUse, Outcomes};
pub use integrity::{Report, StoreFault, VerifiedStore, verify};
pub use keys::{
    ApiKey, CallToken, CheckedKey, CreatedKey, FILE_LABEL, GrantEnd, KEY_MIN_CHARACTERS, KeyGrant, KeyRefusal, Keys,
    Network, NewKey, Revoked, Scope, Secret, TOKEN_PREFIX,
};
pub use links::Link;
pub use metadata::{Metadata, MetadataChange, MetadataRecords, MetadataSet, NewMetadata};
pub use modes::tighten_modes;
pub use page::{Page, Slice};
pub use paths::absolute;
pub use policy::{Policy, RECONNECT_GRACE};
pub use recordings::{Gap, Gaps, Recording, RecordingFile, Recordings};
pub use search::{Found, IndexProgress, Playback, Search, SearchPage, SearchSort, SearchTranscripts, SnippetPart};
pub use stats::*;
pub use store::{AudioStream, Store, StoreError, StoreUrl, StoreUrlError};
pub use streams::{
    Arrival, CallSocket, Frame, Interruption, MediaStream, NewStream, Refused, SocketWriter, StreamToken, Streams,
    TokenRefused,
};
pub use transcripts::{
    Imported, ListTranscripts, NewTranscript, StoredTranscript, Transcript, TranscriptChange, TranscriptOutcome,
    Transcripts,
};
pub use version::{Precondition, Versioned, Versions, digest};
pub use words::SearchQuery;

use crate::core::Core;
use finalizer::{Finalizer, Jobs};
use futures_util::FutureExt;
use integrity::{Findings, Scrub};
use purge::Purge;
use signer::Signing;
use stats::Slots;
use streams::Sockets;
use sweep::Sweeper;

/// The call store: a bundle of parts, one per resource. Cheap to clone.
///
/// ```no_run
/// # async fn example(callstore: service::Callstore, call: service::CallRef) -> Result<(), service::Error> {
/// let (call, _) = callstore.calls.get(&call, &[]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Callstore(Arc<Parts>);

/// The parts of a call store. A part that needs another one holds a clone of it, never in a circle.
pub struct Parts {
    /// Calls: started, listed, changed, ended, deleted.
    pub calls: Calls,
    /// Chunks of audio, and what is stored of a call.
    pub chunks: Chunks,
    /// Recordings of calls, and links to them.
    pub recordings: Recordings,
    /// What was said.
    pub transcripts: Transcripts,
    /// Search of what was said.
    pub search: Search,
    /// Snapshots of calls' figures.
    pub analytics: AnalyticsSnapshots,
    /// Analytics computed from recordings.
    pub computed: Computed,
    /// Descriptive data on calls.
    pub metadata: MetadataRecords,
    /// Statistics over calls.
    pub stats: Stats,
    /// Events of media streams other than audio.
    pub events: Events,
    /// Sockets with audio: carriers' media streams, and clients' own.
    pub streams: Streams,
    /// API keys.
    pub keys: Keys,
    /// The audit log.
    pub audit: Audit,
    /// Outcomes of idempotent requests.
    pub outcomes: Outcomes,
    /// The signed states of conversions.
    pub conversions: Conversions,
    /// The service's health.
    pub health: HealthChecks,
    /// The parts that no client sees: what all share, the secret that signs, and the work in the background.
    core: Core,
    signing: Signing,
    finalizer: Finalizer,
    purge: Purge,
}

impl Deref for Callstore {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Callstore {
    /// A call store over a migrated database and a recording store. Call [`resume`](Self::resume) before serving
    /// requests.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn new(database: Database, store: Store, clock: Box<dyn Clock>, ids: Arc<dyn Ids>, policy: Policy) -> Self {
        let core = Core::new(database, store, clock, ids, policy);
        let (signing, sockets, jobs) = (Signing::new(core.clone()), Sockets::default(), Jobs::new(core.clone()));
        let purge = Purge::new(core.clone(), jobs.clone(), Slots::new(core.clone()));
        let finalizer = Finalizer::new(core.clone(), jobs, purge.clone());
        let recordings = Recordings { core: core.clone(), signing: signing.clone(), findings: Findings::default() };
        let calls = Calls {
            core: core.clone(),
            recordings: recordings.clone(),
            finalizer: finalizer.clone(),
            purge: purge.clone(),
            sockets: sockets.clone(),
        };
        let (chunks, events) = (Chunks::new(core.clone()), Events::new(core.clone()));
        let metadata = MetadataRecords::new(core.clone());
        let search = Search::new(core.clone());
        let streams = Streams {
            core: core.clone(),
            calls: calls.clone(),
            chunks: chunks.clone(),
            metadata: metadata.clone(),
            events: events.clone(),
            sockets,
            signing: signing.clone(),
        };
        Self(Arc::new(Parts {
            calls,
            chunks,
            recordings,
            transcripts: Transcripts::new(core.clone()),
            search: search.clone(),
            analytics: AnalyticsSnapshots::new(core.clone()),
            computed: Computed::new(core.clone()),
            metadata,
            stats: Stats::new(core.clone()),
            events,
            streams,
            keys: Keys::new(core.clone(), signing.clone()),
            audit: Audit::new(core.clone()),
            outcomes: Outcomes::new(core.clone()),
            conversions: Conversions { signing: signing.clone() },
            health: HealthChecks::new(core.clone(), search.indexing),
            core,
            signing,
            finalizer,
            purge,
        }))
    }

    /// Resumes the unfinished work of the last run (recordings to make, chunks and deleted calls to remove), and starts
    /// the periodic background tasks.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn resume(&self) -> Result<(), Error> {
        let background = &self.core.background;
        // An empty write makes the writer read the journal, so that a damaged journal fails the start.
        self.core.write(None, 0, |_| async { Ok(()) }.boxed()).await?;
        self.keys.read().await?;
        self.signing.signer().await?;
        background.spawn(self.keys.clone().keep_reading());
        background.spawn(self.keys.clone().keep_noting_use());
        self.finalizer.resume().await?;
        let this = self.clone();
        background.spawn(async move {
            let what = "Unfinished deletions of the last run could not be read; the service tries again.";
            this.core.background.until_done(what, || this.purge.resume()).await;
        });
        let store = self.core.store.clone();
        background.spawn(async move {
            if let Err(error) = store.probe().await {
                tracing::error!(%error, "The recording store cannot be used; recordings are made once it can.");
            }
        });
        let sweeper = Sweeper {
            core: self.core.clone(),
            calls: self.calls.clone(),
            streams: self.streams.clone(),
            finalizer: self.finalizer.clone(),
            purge: self.purge.clone(),
        };
        background.spawn(sweeper.keep_sweeping());
        background.spawn(Scrub::new(self.core.clone(), self.recordings.findings.clone()).keep_scrubbing());
        background.spawn(self.outcomes.clone().keep_forgetting());
        background.spawn(self.purge.slots.clone().keep_building());
        background.spawn(self.audit.clone().keep_up());
        background.spawn(leftovers::keep_removing(self.core.clone()));
        background.spawn(self.search.indexing.clone().keep_indexing());
        background.spawn(orphans::keep_removing(self.core.clone()));
        Ok(())
    }
}
