//! The running jobs, in memory. Deleting a call waits for its job, so that this knows neither who starts jobs nor who
//! waits for them.
//!
//! The map has an entry for as long as a job runs. It is not the truth about which calls are to be finalized, which is
//! their status in the database; it only keeps this process from doing the same twice.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::core::Core;

/// The running finalization jobs.
///
/// A job is entered by [`join`](Self::join) before it is spawned, and removed by [`finish`](Self::finish) as its last
/// step, so that two requests at the same time cannot start two. An end that comes while a job runs is not lost: the
/// call may have failed a moment before, and the second end wants it tried again.
#[derive(Clone)]
pub(crate) struct Jobs {
    core: Core,
    jobs: Arc<Mutex<HashMap<Uuid, Job>>>,
}

struct Job {
    done: watch::Receiver<()>,
    /// Set when another caller asks for the same call while the job runs: the job then checks the call again before it
    /// ends.
    again: bool,
}

/// A handle to a running job. The job drops its sender when it ends; dropping the handle does not stop it.
///
/// Any number of handles may wait for one job. What came of it is not in the handle: whoever waited reads the call.
pub(crate) struct Finalizing {
    done: watch::Receiver<()>,
    stop: CancellationToken,
}

impl Finalizing {
    /// Waits until the job is done, for at most `limit`, and no longer than the service runs.
    pub(crate) async fn wait(mut self, limit: Duration) {
        tokio::select! {
            _ = self.done.changed() => {}
            () = tokio::time::sleep(limit) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Waits until the job is done, also during a shutdown.
    pub(crate) async fn finished(mut self) {
        // The job never sends; `changed` fails once it drops the sender.
        while self.done.changed().await.is_ok() {}
    }
}

impl Jobs {
    pub(crate) fn new(core: Core) -> Self {
        Self { core, jobs: Arc::default() }
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<Uuid, Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, done: watch::Receiver<()>) -> Finalizing {
        Finalizing { done, stop: self.core.background.stopping() }
    }

    /// The running job of a call, if there is one.
    pub(crate) fn running(&self, call: Uuid) -> Option<Finalizing> {
        self.jobs().get(&call).map(|job| self.handle(job.done.clone()))
    }

    /// Whether a job of a call is running.
    pub(super) fn is_running(&self, call: Uuid) -> bool {
        self.jobs().contains_key(&call)
    }

    /// A handle to the job of a call. If none was running, the caller starts it and gives it the sender; a running one
    /// checks the call again when it is done.
    pub(super) fn join(&self, call: Uuid) -> (Finalizing, Option<watch::Sender<()>>) {
        match self.jobs().entry(call) {
            Entry::Occupied(mut job) => {
                let job = job.get_mut();
                job.again = true;
                (self.handle(job.done.clone()), None)
            }
            Entry::Vacant(place) => {
                let (sender, done) = watch::channel(());
                place.insert(Job { done: done.clone(), again: false });
                (self.handle(done), Some(sender))
            }
        }
    }

    /// Ends a job and returns true, unless another request for the call came while it ran.
    pub(super) fn finish(&self, call: Uuid) -> bool {
        let mut jobs = self.jobs();
        match jobs.get_mut(&call) {
            Some(job) if job.again => {
                job.again = false;
                false
            }
            _ => {
                jobs.remove(&call);
                true
            }
        }
    }
}
