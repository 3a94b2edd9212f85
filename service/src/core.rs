//! What all parts of the call store share: database, recording store, writer, clock, ids, policy and background work.
//! It knows no part; each part holds a clone of it.
//!
//! It begins with the call store and ends with it. Parts are clones of handles, so what a part keeps in a field of its
//! own is what no other part may touch.

use std::{io, ops::Deref, sync::Arc};

use futures_util::future::BoxFuture;
use sea_orm::DatabaseTransaction;
use tokio::sync::{Notify, OwnedSemaphorePermit, oneshot};
use uuid::Uuid;

use crate::{
    Clock, Database, Error, Ids, Policy, Store, Timestamp,
    background::Background,
    calls::{CallRef, CallRow, find},
    crash,
    writer::{Batch, Closure, Outcome, State, Write, Writer},
};

/// A handle to the shared core. A clone costs one atomic increment.
#[derive(Clone)]
pub(crate) struct Core(Arc<Shared>);

/// What the core consists of. Parts read its fields through [`Core`].
pub(crate) struct Shared {
    pub database: Database,
    pub store: Store,
    pub ids: Arc<dyn Ids>,
    pub policy: Policy,
    /// When this process started to serve. Timeouts of calls count from here at the earliest.
    pub began: Timestamp,
    /// Identifies this process among the nodes of a cluster, as the holder of leases.
    pub node: Uuid,
    pub writer: Writer,
    pub background: Background,
    /// Wakes the task that removes what deleted rows leave behind.
    pub deleted: Notify,
    clock: Box<dyn Clock>,
}

impl Deref for Core {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Core {
    /// Starts the writer. Panics outside of a Tokio runtime.
    pub(crate) fn new(
        database: Database,
        store: Store,
        clock: Box<dyn Clock>,
        ids: Arc<dyn Ids>,
        policy: Policy,
    ) -> Self {
        Self(Arc::new(Shared {
            writer: Writer::start(database.clone()),
            database,
            store,
            began: clock.now(),
            node: ids.next(),
            clock,
            ids,
            policy,
            background: Background::default(),
            deleted: Notify::default(),
        }))
    }

    /// Every time that is stored or compared with a stored one comes from here. Pauses and time limits use Tokio's
    /// clock, which tests do not move.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Runs `work` in the writer's next transaction and returns once that is durable. If `work` refuses, its statements
    /// are undone. Work that changes a call, or depends on what is stored of one, must name the call: no other node
    /// then writes to it meanwhile. `bytes` is the approximate size of `work` in memory.
    ///
    /// The closure runs in the order of the queue, on the writer's task. It must not wait for anything but the
    /// database: everybody waits behind it.
    ///
    /// # Errors
    /// The error of `work`; `Overloaded` when the queue is full; `StorageFull`, `StorageUnavailable` or `Database` when
    /// the transaction failed.
    pub(crate) async fn write<T, F>(&self, call: Option<&CallRef>, bytes: usize, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Batch) -> BoxFuture<'a, Result<T, Error>> + Send + 'static,
    {
        let call = call.cloned();
        self.queue(bytes, |outcome| Closure::new(call, work, outcome)).await
    }

    /// Queues a write and waits for its outcome. [`write`](Self::write) does so for closures; frequent writes have
    /// their own [`Write`] type.
    ///
    /// If the caller is dropped while it waits, the write happens all the same.
    ///
    /// # Errors
    /// As for `write`.
    pub(crate) async fn queue<T, W>(&self, bytes: usize, write: impl FnOnce(Outcome<T>) -> W) -> Result<T, Error>
    where
        W: Write + 'static,
    {
        let room = self.writer.reserve(bytes)?;
        self.push(room, write).await
    }

    /// Queues a small write, and waits for room where [`queue`](Self::queue) refuses.
    ///
    /// # Errors
    /// As for `write`; `Overloaded` after 10 seconds.
    pub(crate) async fn queue_patiently<T, W>(&self, write: impl FnOnce(Outcome<T>) -> W) -> Result<T, Error>
    where
        W: Write + 'static,
    {
        let room = self.writer.reserve_patiently().await?;
        self.push(room, write).await
    }

    async fn push<T, W>(&self, room: OwnedSemaphorePermit, write: impl FnOnce(Outcome<T>) -> W) -> Result<T, Error>
    where
        W: Write + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.writer.push(Box::new(write(Outcome::new(answer))), room)?;
        answered.await.unwrap_or(Err(Error::Damaged("a write without an answer")))
    }

    /// Notes a write other than audio, so that the idle timeout of its call starts over.
    pub(crate) fn note_write(&self, state: &mut State, call: Uuid) {
        state.note_write(call, false, self.now(), self.policy.note_write_every_ms());
    }

    /// Notes that personal data was deleted, so that what is left of it in the database's files is removed.
    pub(crate) fn note_deleted(&self) {
        self.deleted.notify_one();
    }

    /// Finds a visible call's row and keeps the snapshot in which it was found. Read the rest of a response from that
    /// snapshot: between separate reads the call may end and lose its chunks, or be deleted.
    pub(crate) async fn snapshot_of(&self, call: &CallRef) -> Result<(DatabaseTransaction, CallRow), Error> {
        let snapshot = self.database.snapshot().await?;
        let call = find(&snapshot, call).await?;
        crash::hold("call.read").await;
        Ok((snapshot, call))
    }

    /// Free bytes for the database or the recordings, whichever has less; `None` if both are on other machines.
    pub(crate) fn free_bytes(&self) -> io::Result<Option<u64>> {
        let free = [self.store.free_bytes()?, self.database.storage().free_bytes()?];
        Ok(free.into_iter().flatten().min())
    }
}
