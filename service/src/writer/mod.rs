//! The single writer. Requests queue their writes, and the writer commits everything that waits in one transaction,
//! answers, and takes the next batch. No timer delays a lone write. A refused write fails alone; when the transaction
//! fails, none of its writes is acknowledged.
//!
//! The way of a write:
//!
//! 1. A request builds a [`Write`] and queues it with [`Core::queue`](crate::core::Core::queue), or with a closure by
//!    [`Core::write`](crate::core::Core::write). The queue is bounded by bytes, not by writes: a request that finds no
//!    room is refused with `Overloaded` at once, since a client that waits would only wait longer.
//!
//! 2. The writer takes everything that waits ([`gather`]). While it commits, the next requests gather; so the batches
//!    grow by themselves with the load, and a lone write is committed alone.
//!
//! 3. If the writes at the front need no query, they are committed by one script ([`commit_at_once`]). Otherwise a
//!    transaction is opened for all of them ([`work`]).
//!
//! 4. Only after the commit is each request answered. A request that has gone away changes nothing: its write stays.
//!
//! The [`State`] between two transactions is what makes the short way possible. It holds only what is durable, so it is
//! dropped whenever a commit fails, or when someone else has written to the database; the next transaction reads it
//! again. Why there is one writer at all: docs/decisions/one-writer.md.

mod batch;
mod call_cache;
mod journaled;
mod state;
mod write;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::{ConnAcquireErr, ConnectionTrait, DbErr};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinHandle,
    time::timeout,
};

pub(crate) use batch::Batch;
pub(crate) use call_cache::{CachedCall, CachedTrack, StoredTrack};
pub(crate) use state::State;
pub(crate) use write::{Closure, Outcome, Pending, Write};

use audio::number::{real, wide};

use crate::{
    Error, crash,
    database::{Database, WriteFailure},
    limits::QUEUE_MAX_BYTES,
};

/// Capacity of the queue, in KiB of data. Each write counts as at least one.
const QUEUE_KIB: usize = QUEUE_MAX_BYTES / 1024;
/// How long an audit entry waits for room in the queue.
const PATIENCE: Duration = Duration::from_secs(10);
/// Limits of one transaction.
const BATCH_WRITES: usize = 1024;
const BATCH_KIB: usize = 8 * 1024;

/// How often an idle writer checks whether chunks must leave the journal or notes must be written.
const BEAT: Duration = Duration::from_secs(1);

/// The write queue and the task that commits it.
///
/// Lives as long as the call store. [`close`](Self::close) takes the sender away, which ends the task once the queue is
/// empty; from then on every [`push`](Self::push) is refused.
pub(crate) struct Writer {
    queue: Mutex<Option<mpsc::UnboundedSender<Queued>>>,
    /// One permit for each KiB that may wait.
    room: Arc<Semaphore>,
    /// Awaited by `close`, so that the last commit is on disk when the process ends.
    task: Mutex<Option<JoinHandle<()>>>,
}

/// A queued write. It holds its share of the queue's capacity until it is answered.
struct Queued {
    write: Box<dyn Write>,
    room: OwnedSemaphorePermit,
}

impl Writer {
    /// Starts the writer task. Must be called within a Tokio runtime.
    pub(crate) fn start(database: Database) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let task = tokio::spawn(work_off(database, receiver));
        Self {
            queue: Mutex::new(Some(sender)),
            room: Arc::new(Semaphore::new(QUEUE_KIB)),
            task: Mutex::new(Some(task)),
        }
    }

    /// Closes the queue and waits until all queued writes are durable.
    pub(crate) async fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && task.await.is_err()
        {
            tracing::error!("The writer stopped unexpectedly.");
        }
    }

    /// Used capacity of the queue, in KiB.
    pub(crate) fn waiting_kib(&self) -> usize {
        QUEUE_KIB - self.room.available_permits()
    }

    /// Queues a write without waiting. `bytes` is what it holds in memory: large writes take their share of the queue,
    /// and one that is larger than the whole queue is let in when nothing else waits.
    ///
    /// # Errors
    /// `Overloaded` if the queue is full or closed.
    /// Reserves the queue's capacity for a write of so many bytes. One write never takes more than half of it, so that
    /// others go on beside the largest.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Error> {
        self.room.clone().try_acquire_many_owned(units(bytes)).map_err(|_| Error::Overloaded)
    }

    /// Waits for the capacity of a small write that must not be lost in a crowd.
    pub(crate) async fn reserve_patiently(&self) -> Result<OwnedSemaphorePermit, Error> {
        let room = timeout(PATIENCE, self.room.clone().acquire_many_owned(units(0))).await;
        room.ok().and_then(Result::ok).ok_or(Error::Overloaded)
    }

    pub(crate) fn push(&self, write: Box<dyn Write>, room: OwnedSemaphorePermit) -> Result<(), Error> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = queue.as_ref().ok_or(Error::Overloaded)?;
        sender.send(Queued { write, room }).map_err(|_| Error::Overloaded)
    }
}

/// The queue's capacity that a write of so many bytes takes, in KiB.
fn units(bytes: usize) -> u32 {
    u32::try_from((1 + bytes / 1024).min(QUEUE_KIB / 2)).unwrap_or(u32::MAX)
}

/// Commits queued writes until the queue is closed. The last transaction empties the journal.
///
/// The order within one round matters. A write that could not be taken stays at the front of `writes`, so writes are
/// committed in the order of their arrival. Room in the queue is given back before the answer, so that a client that is
/// answered can send again at once. After a failed transaction the connection is renewed before anyone is answered: a
/// retry then meets a connection whose state is known.
async fn work_off(database: Database, mut queue: mpsc::UnboundedReceiver<Queued>) {
    let mut state = None;
    let mut writes = Vec::new();
    let commit_seconds = metrics::histogram!("callstore_commit_seconds");
    let commit_writes = metrics::histogram!("callstore_commit_writes");
    loop {
        let mut closed = false;
        if writes.is_empty() {
            // An idle writer sleeps until the next write, unless chunks or notes wait for their time.
            let settled = state.as_ref().is_none_or(State::is_settled);
            let first = if settled { Ok(queue.recv().await) } else { timeout(BEAT, queue.recv()).await };
            closed = matches!(first, Ok(None));
            writes.extend(first.ok().flatten());
            // If the writer has a core to itself, this does nothing. If it shares one, requests that have arrived queue
            // their writes first; otherwise the first of many would get a transaction of its own.
            std::thread::yield_now();
        }
        gather(&mut queue, &mut writes);
        let begun = Instant::now();
        let committing = commit(&database, &mut state, &mut writes, closed);
        let committed = match database.storage().time_limit() {
            Some(limit) => timeout(limit, committing).await.unwrap_or_else(|_| Err(no_answer())),
            None => committing.await,
        };
        let (done, failure) = match committed {
            Ok(done) => (done, None),
            Err(error) => {
                tracing::error!(%error, writes = writes.len(), "A transaction failed; none of its writes is acknowledged.");
                metrics::counter!("callstore_commit_failures_total").increment(1);
                database.renew_writer().await;
                (writes.len(), Some(WriteFailure::of(&error)))
            }
        };
        if done > 0 {
            commit_seconds.record(begun.elapsed().as_secs_f64());
            commit_writes.record(real(wide(done)));
        }
        for Queued { mut write, room } in writes.drain(..done) {
            drop(room);
            write.outcome().answer(failure.as_ref());
        }
        if closed {
            break;
        }
    }
}

/// Takes queued writes, up to one batch.
///
/// Both limits bound the time of a transaction: a request waits for all the writes that are committed with it.
fn gather(queue: &mut mpsc::UnboundedReceiver<Queued>, writes: &mut Vec<Queued>) {
    let mut units: usize = writes.iter().map(|write| write.room.num_permits()).sum();
    while !writes.is_empty() && writes.len() < BATCH_WRITES && units < BATCH_KIB {
        let Ok(next) = queue.try_recv() else { break };
        units += next.room.num_permits();
        writes.push(next);
    }
}

/// Commits writes in one transaction and returns how many it took. That is either those before the first write that
/// needs a query, or all of them. The state is kept only if the commit succeeds.
///
/// `last` is set when the queue is closed: then a full transaction empties the journal, so that the next start has
/// nothing to read back.
async fn commit(
    database: &Database,
    state: &mut Option<State>,
    writes: &mut [Queued],
    last: bool,
) -> Result<usize, DbErr> {
    let done = if last { 0 } else { commit_at_once(database, state, writes).await? };
    if done > 0 {
        return Ok(done);
    }
    let transaction = database.begin().await?;
    let known = match state.take() {
        Some(known) => known,
        None => State::load(database, &transaction).await?,
    };
    let mut batch = Batch::begin(database, transaction, known).await?;
    let about = writes.iter().filter_map(|queued| Some((queued.write.call()?, queued.write.adds_audio())));
    batch.lock(about.collect()).await?;
    *state = Some(work(batch, writes, last).await?);
    Ok(writes.len())
}

/// Commits the writes before the first one that needs a query, over what the state holds. Returns their number: 0 if
/// there are none, if notes of last writes are due, or if someone else has changed the database. In the last case the
/// state is dropped.
async fn commit_at_once(database: &Database, state: &mut Option<State>, writes: &mut [Queued]) -> Result<usize, DbErr> {
    let Some(version) = state.as_ref().filter(|known| !known.has_due_notes()).and_then(|known| known.cache.version)
    else {
        return Ok(0);
    };
    let Some(mut known) = state.take() else { return Ok(0) };
    let done = writes.iter_mut().position(|queued| !queued.write.work_at_once(&mut known)).unwrap_or(writes.len());
    if done == 0 {
        *state = Some(known);
        return Ok(0);
    }
    crash::point("commit.begun");
    let mut set = known.take_additions();
    if !database.storage().commit_alone(version, &mut set).await? {
        return Ok(0);
    }
    crash::point("commit.durable");
    known.committed(set);
    *state = Some(known);
    Ok(done)
}

/// Runs writes in a transaction, commits it, and returns the resulting state.
///
/// A lone write needs no savepoint where a failed statement leaves the transaction usable: if it is refused, there is
/// nothing beside it to keep.
async fn work(mut batch: Batch, writes: &mut [Queued], last: bool) -> Result<State, DbErr> {
    crash::point("commit.begun");
    let alone = writes.len() == 1 && !batch.needs_savepoints();
    for Queued { write, .. } in writes {
        if alone || !write.has_statements() {
            write.work(&mut batch).await?;
        } else {
            work_apart(&mut batch, &mut **write).await?;
        }
    }
    let state = batch.commit(last).await?;
    crash::point("commit.durable");
    Ok(state)
}

/// Runs a write in a savepoint, so that its refusal or the failure of one of its statements undoes only that write.
/// A write must change the batch and the state only after its last statement. Errors of the disk fail the whole
/// transaction.
async fn work_apart(batch: &mut Batch, write: &mut dyn Write) -> Result<(), DbErr> {
    batch.transaction().execute_unprepared("SAVEPOINT apart").await?;
    if let Err(error) = write.work(batch).await {
        if !matches!(WriteFailure::of(&error), WriteFailure::Other(_)) {
            return Err(error);
        }
        write.outcome().fail(error);
    }
    if write.outcome().is_refused() {
        batch.transaction().execute_unprepared("ROLLBACK TO apart").await?;
    }
    batch.transaction().execute_unprepared("RELEASE apart").await?;
    Ok(())
}

/// A server that does not answer is treated as unreachable.
fn no_answer() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}
