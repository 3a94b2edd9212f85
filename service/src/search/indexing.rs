//! Indexes the transcripts of versions without search, and of copied databases, in the background: newest first, in
//! small transactions with pauses as long, so that requests do not wait. Each transaction says in `search_progress` how
//! far it is, so the next start goes on. On several nodes one does it, by a lease.
//!
//! New transcripts are indexed in the transaction that stores them, and are not this work's concern. While it runs, a
//! search finds all new transcripts and the earlier ones that are done; its answer says how far that is.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use audio::number::wide;
use entity::{search_entry, search_progress, transcript};
use futures_util::FutureExt;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::OnConflict,
};
use uuid::Uuid;

use crate::{Error, core::Core, crash, entries::SearchEntry, writer::Batch};

/// Transcripts of one transaction.
const SLICE: u64 = 100;
/// Shortest pause between two transactions.
const PAUSE: Duration = Duration::from_millis(5);
/// Pause while another node does the work, and after a failure.
const WAIT: Duration = Duration::from_secs(5);
/// How often the log tells how far it is.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// How many of the transcripts from before are indexed.
///
/// Counts, for an operator. `total` was taken when the work began, so deletions since then may leave `done` below it at
/// the end; `done` never exceeds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexProgress {
    /// Transcripts that are indexed.
    pub done: u64,
    /// Transcripts that there were when it began.
    pub total: u64,
}

/// The work, and what is known of it.
///
/// Cheap to clone: search asks it for the progress, the health check shows it, and one task does the work.
#[derive(Clone)]
pub(crate) struct Indexing {
    core: Core,
    /// Set once all are indexed, after which the database need not be asked.
    is_done: Arc<AtomicBool>,
}

impl Indexing {
    pub(crate) fn new(core: Core) -> Self {
        Self { core, is_done: Arc::default() }
    }

    /// How far the index is; `None` once it is complete.
    ///
    /// Once it has returned `None` it asks the database no more, so that a search of a complete index pays nothing for
    /// it. Before the first slice there is no row yet, and all transcripts are counted, which is the only slow answer.
    pub(crate) async fn progress(&self, on: &impl ConnectionTrait) -> Result<Option<IndexProgress>, DbErr> {
        if self.is_done.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let Some(row) = search_progress::Entity::find().one(on).await? else {
            return Ok(Some(IndexProgress { done: 0, total: transcript::Entity::find().count(on).await? }));
        };
        if row.position.is_none() {
            self.is_done.store(true, Ordering::Relaxed);
            return Ok(None);
        }
        let (done, total) = (row.indexed.unsigned_abs(), row.total.unsigned_abs());
        Ok(Some(IndexProgress { done, total: total.max(done) }))
    }

    /// The same, from outside of a request's snapshot.
    pub(crate) async fn current(&self) -> Result<Option<IndexProgress>, Error> {
        if self.is_done.load(Ordering::Relaxed) {
            return Ok(None);
        }
        Ok(self.progress(self.core.database.readers()).await?)
    }

    /// Works until all transcripts are indexed or the service stops.
    pub(crate) async fn keep_indexing(self) {
        let background = &self.core.background;
        loop {
            match self.index_all().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(_) if background.is_stopping() => return,
                Err(error) => {
                    tracing::warn!(%error, "Transcripts could not be indexed for search; the service tries again.");
                }
            }
            if !background.pause(WAIT).await {
                return;
            }
        }
    }

    /// Returns whether all are indexed; else another node does it, or the service stops.
    ///
    /// The pause after each slice is as long as the slice took, and at least 5 ms. So at most half of the writer's time
    /// goes into it, whatever the machine.
    async fn index_all(&self) -> Result<bool, Error> {
        let Some(before) = self.current().await? else { return Ok(true) };
        let Some(lease) = self.core.lease("search".to_owned()).await? else { return Ok(false) };
        tracing::info!(done = before.done, total = before.total, "Indexing earlier transcripts for search.");
        let (lost, mut told) = (lease.lost(), Instant::now());
        while !lost.is_cancelled() {
            let began = Instant::now();
            let total = before.total;
            if self.core.write(None, 0, move |batch| index_slice(batch, total).boxed()).await? {
                self.is_done.store(true, Ordering::Relaxed);
                tracing::info!("All transcripts are indexed for search.");
                return Ok(true);
            }
            crash::hold("search.indexed").await;
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                if let Some(IndexProgress { done, total }) = self.current().await? {
                    tracing::info!(done, total, "Indexing earlier transcripts for search.");
                }
            }
            if !self.core.background.pause(began.elapsed().max(PAUSE)).await {
                return Ok(false);
            }
        }
        Ok(false)
    }
}

/// Indexes the next transcripts, and returns whether there are no more.
///
/// The transcripts are locked, where others could change them: a change waits for its entry, or its text is read.
///
/// Goes down by the id, from the newest. Ids are UUIDv7, so whatever is added later is above the place and indexed by
/// its own request. Transcripts that have an entry are passed: a copied database brings some along.
async fn index_slice(batch: &mut Batch, total: u64) -> Result<bool, Error> {
    let (storage, transaction) = (batch.storage(), batch.transaction());
    let progress = search_progress::Entity::find().one(transaction).await?;
    let progress = progress.unwrap_or_else(|| search_progress::Model {
        id: 1,
        position: Some(Uuid::max()),
        indexed: 0,
        total: i64::try_from(total).unwrap_or(i64::MAX),
    });
    let Some(position) = progress.position else { return Ok(true) };
    let rows = transcript::Entity::find()
        .filter(transcript::Column::Id.lt(position))
        .order_by_desc(transcript::Column::Id)
        .limit(SLICE)
        .lock_exclusive()
        .all(transaction)
        .await?;
    let known: BTreeSet<Uuid> = search_entry::Entity::find()
        .select_only()
        .column(search_entry::Column::TranscriptId)
        .filter(search_entry::Column::TranscriptId.is_in(rows.iter().map(|row| row.id)))
        .into_tuple()
        .all(transaction)
        .await?
        .into_iter()
        .collect();
    let entries = rows.iter().filter(|row| !known.contains(&row.id)).map(SearchEntry::of).collect();
    storage.insert_entries(transaction, entries).await?;
    let passed = wide(rows.len());
    let progress = search_progress::Model {
        position: rows.last().filter(|_| passed == SLICE).map(|row| row.id),
        indexed: progress.indexed + i64::try_from(passed).unwrap_or(0),
        ..progress
    };
    let is_done = progress.position.is_none();
    let columns = [search_progress::Column::Position, search_progress::Column::Indexed];
    let replace = OnConflict::column(search_progress::Column::Id).update_columns(columns).to_owned();
    let row = search_progress::Entity::insert(progress.into_active_model().reset_all()).on_conflict(replace);
    row.exec_without_returning(transaction).await?;
    Ok(is_done)
}
