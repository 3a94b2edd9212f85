//! The one writer: whatever requests write waits in its queue and goes to disk together. It commits all that waits in one
//! transaction, answers, and takes what has come meanwhile; no timer makes a lone write wait. A write that is refused is
//! refused alone; when the database fails, none of the transaction's writes is acknowledged.

mod batch;
mod journal;
mod live;
mod recent;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use sea_orm::DbErr;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::JoinHandle,
};
use uuid::Uuid;

pub(crate) use batch::Batch;
pub(crate) use live::{LiveTrack, StoredTrack};

use crate::{
    Callstore, Error, crash,
    database::{Database, WriteFailure},
};
use live::LiveCalls;
use recent::Recent;

/// How much may wait: a unit is a KiB of what is to be written, and a write is at least one.
const QUEUE_KIB: usize = 32 * 1024;
/// How much goes into one transaction.
const BATCH_WRITES: usize = 1024;
const BATCH_KIB: usize = 8 * 1024;

/// How often it is looked whether chunks have waited in the journal for long enough.
const BEAT: Duration = Duration::from_secs(1);

/// What the writer knows without asking the database. When a transaction fails it is thrown away and read again.
#[derive(Default)]
struct State {
    live: LiveCalls,
    recent: Recent,
}

/// The queue of writes and the task that works it off.
pub(crate) struct Writer {
    queue: Mutex<Option<mpsc::UnboundedSender<Queued>>>,
    room: Arc<Semaphore>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// A write with its share of the queue's room, which it gives back when it is answered.
struct Queued {
    write: Box<dyn Write>,
    room: OwnedSemaphorePermit,
}

/// A write: first its work in the transaction, then its answer.
trait Write: Send {
    /// Does the work. An error is one of the database, and the transaction's end.
    fn work<'a>(&'a mut self, batch: &'a mut Batch) -> BoxFuture<'a, Result<(), DbErr>>;

    /// Answers once the transaction is durable, or has failed.
    fn answer(self: Box<Self>, failed: Option<&WriteFailure>);
}

struct Request<F, T> {
    work: Option<F>,
    outcome: Option<Result<T, Error>>,
    answer: oneshot::Sender<Result<T, Error>>,
}

impl<F, T> Write for Request<F, T>
where
    F: for<'a> FnOnce(&'a mut Batch) -> BoxFuture<'a, Result<T, Error>> + Send,
    T: Send,
{
    fn work<'a>(&'a mut self, batch: &'a mut Batch) -> BoxFuture<'a, Result<(), DbErr>> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return Ok(()) };
            match work(batch).await {
                Err(Error::Database(error)) => Err(error),
                outcome => {
                    self.outcome = Some(outcome);
                    Ok(())
                }
            }
        })
    }

    fn answer(self: Box<Self>, failed: Option<&WriteFailure>) {
        let refused = self.outcome.as_ref().is_some_and(Result::is_err);
        let outcome = match (failed, self.outcome) {
            // A refusal holds whatever became of the others.
            (Some(_), Some(outcome)) if refused => outcome,
            (Some(failure), _) => Err(failure.to_error()),
            (None, Some(outcome)) => outcome,
            (None, None) => Err(Error::Damaged("a write that was not done")),
        };
        // Whoever asked may be gone; what was written stays.
        let _ = self.answer.send(outcome);
    }
}

impl Writer {
    /// Starts the writer. Needs a Tokio runtime.
    pub fn start(database: Database) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let task = tokio::spawn(work_off(database, receiver));
        Self {
            queue: Mutex::new(Some(sender)),
            room: Arc::new(Semaphore::new(QUEUE_KIB)),
            task: Mutex::new(Some(task)),
        }
    }

    /// Takes no more writes, and waits until those that wait are durable.
    pub async fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && task.await.is_err()
        {
            tracing::error!("The writer ended before its time.");
        }
    }

    /// How much of the queue is taken, in KiB.
    pub fn waiting_kib(&self) -> usize {
        QUEUE_KIB - self.room.available_permits()
    }

    fn push(&self, write: Box<dyn Write>, bytes: usize) -> Result<(), Error> {
        let units = u32::try_from((1 + bytes / 1024).min(QUEUE_KIB)).unwrap_or(u32::MAX);
        let room = self.room.clone().try_acquire_many_owned(units).map_err(|_| Error::Overloaded)?;
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = queue.as_ref().ok_or(Error::Overloaded)?;
        sender.send(Queued { write, room }).map_err(|_| Error::Overloaded)
    }
}

impl Callstore {
    /// Writes: runs `work` in the writer's next transaction, and returns when that is durable. `bytes` is about how much it
    /// holds in memory. `work` has to refuse before it writes.
    ///
    /// # Errors
    /// What `work` says; `Overloaded` when too much waits; `StorageFull`, `StorageUnavailable` or `Database` when the
    /// transaction failed.
    pub(crate) async fn write<T, F>(&self, bytes: usize, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Batch) -> BoxFuture<'a, Result<T, Error>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let request = Request { work: Some(work), outcome: None, answer };
        self.0.writer.push(Box::new(request), bytes)?;
        answered.await.unwrap_or(Err(Error::Damaged("a write without an answer")))
    }

    /// Notes a write other than audio, so that its call is not taken for idle.
    pub(crate) fn note_write(&self, batch: &mut Batch, call: Uuid) {
        batch.note_write(call, false, self.now(), self.0.policy.note_write_every_ms());
    }
}

/// Works the queue off until it is closed, and leaves nothing in the journal then.
async fn work_off(database: Database, mut queue: mpsc::UnboundedReceiver<Queued>) {
    let mut state = None;
    let mut writes = Vec::new();
    let commit_seconds = metrics::histogram!("callstore_commit_seconds");
    let commit_writes = metrics::histogram!("callstore_commit_writes");
    loop {
        let settled = state.as_ref().is_none_or(|state: &State| state.recent.is_empty());
        let first = if settled { Ok(queue.recv().await) } else { tokio::time::timeout(BEAT, queue.recv()).await };
        let closed = matches!(first, Ok(None));
        let mut units = 0;
        writes.extend(first.ok().flatten());
        while let Some(next) = writes.last() {
            units += next.room.num_permits();
            if writes.len() == BATCH_WRITES || units >= BATCH_KIB {
                break;
            }
            let Ok(next) = queue.try_recv() else { break };
            writes.push(next);
        }
        let begun = Instant::now();
        let failure = match commit(&database, &mut state, &mut writes, closed).await {
            Ok(()) => None,
            Err(error) => {
                tracing::error!(%error, writes = writes.len(), "A transaction failed; none of its writes is acknowledged.");
                metrics::counter!("callstore_commit_failures_total").increment(1);
                database.renew_writer().await;
                Some(WriteFailure::of(&error))
            }
        };
        if !writes.is_empty() {
            commit_seconds.record(begun.elapsed().as_secs_f64());
            commit_writes.record(writes.len() as f64);
        }
        for Queued { write, room } in writes.drain(..) {
            drop(room);
            write.answer(failure.as_ref());
        }
        if closed {
            break;
        }
    }
}

/// Does all writes in one transaction. What is known is only kept when that succeeds.
async fn commit(
    database: &Database,
    state: &mut Option<State>,
    writes: &mut [Queued],
    last: bool,
) -> Result<(), DbErr> {
    let transaction = database.begin().await?;
    let known = match state.take() {
        Some(state) => state,
        None => State { live: LiveCalls::default(), recent: Recent::load(&transaction).await? },
    };
    let mut batch = Batch::begin(transaction, known).await?;
    crash::point("commit.begun");
    for queued in writes {
        queued.write.work(&mut batch).await?;
    }
    *state = Some(batch.commit(last).await?);
    crash::point("commit.durable");
    Ok(())
}
