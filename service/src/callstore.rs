//! The bundle of all parts, and its life: made, resumed, closed.

use std::{ops::Deref, sync::Arc};

use futures_util::FutureExt;

use crate::{
    AnalyticsSnapshots, Audit, Calls, Chunks, Clock, Computed, Conversions, Database, Events, HealthChecks, Ids, Keys,
    Listening, MetadataRecords, Outbox, Outcomes, Policy, Recordings, Search, Stats, Store, Streams, Transcripts,
    Webhooks,
    core::Core,
    error::Error,
    finalizer::{Finalizer, Jobs},
    integrity::{Findings, Scrub},
    leftovers, orphans,
    purge::Purge,
    signer::Signing,
    stats::Slots,
    streams::Sockets,
    sweep::Sweeper,
};

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
    /// Parts, channels and peaks of recordings, and calls that still run.
    pub listening: Listening,
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
    /// What happened in the store, for those who follow it.
    pub outbox: Outbox,
    /// Sockets with audio: carriers' media streams, and clients' own.
    pub streams: Streams,
    /// Endpoints that are told what happens.
    pub webhooks: Webhooks,
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
        let outbox = Outbox::new(core.clone());
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
            listening: Listening::new(core.clone(), recordings.clone(), chunks.clone()),
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
            webhooks: Webhooks::new(core.clone(), signing.clone(), outbox.clone()),
            outbox,
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
        self.outbox.begin().await?;
        self.webhooks.begin();
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

    /// Stops the background work, which the next start resumes, and closes the database. Requests that wait for a
    /// call's recording return as soon as this begins.
    pub async fn close(&self) {
        self.core.background.close().await;
        self.audit.write_refusals().await;
        self.core.writer.close().await;
        self.core.database.close().await;
        self.core.store.close();
    }

    /// Tells waiting requests to return and sockets to close, because the service is about to stop.
    pub fn stop_waiting(&self) {
        self.streams.sockets.stop();
        self.core.background.cancel();
    }
}
