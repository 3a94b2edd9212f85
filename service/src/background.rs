//! Background work: it goes on while the service runs, and a shutdown waits for it.
//!
//! A task gets no right to finish. It is told to stop, has a second or so until the process ends, and must leave the
//! database so that the next start can go on. Whatever needs longer is a status in the database, not a task.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::Error;

/// First and longest pause between attempts.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LAST: Duration = Duration::from_secs(60);

/// The running tasks, and the signal that tells them to stop.
#[derive(Default)]
pub(crate) struct Background {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Background {
    /// Runs a task. [`close`](Self::close) waits for it.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(work);
    }

    /// Runs work on a thread that may block. [`close`](Self::close) waits for it, also if the handle has been dropped.
    ///
    /// It cannot be interrupted, so it has to look at [`stopping`](Self::stopping) itself.
    pub(crate) fn spawn_blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        self.tasks.spawn_blocking(work)
    }

    /// A token that is cancelled when the service stops.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stop.child_token()
    }

    /// Whether the service stops.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Sleeps; returns false if the service stops meanwhile.
    pub(crate) async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = self.stop.cancelled() => false,
        }
    }

    /// Retries until the attempt succeeds or the service stops. Unfinished work resumes at the next start.
    ///
    /// Every failure is logged, with `what` as the sentence; the pause doubles from a second to a minute.
    pub(crate) async fn until_done<F, T>(&self, what: &'static str, mut attempt: F)
    where
        F: FnMut() -> T,
        T: Future<Output = Result<(), Error>>,
    {
        let mut pause = RETRY_FIRST;
        while let Err(error) = attempt().await {
            tracing::error!(%error, "{what}");
            if !self.pause(pause).await {
                return;
            }
            pause = (pause * 2).min(RETRY_LAST);
        }
    }

    /// Tells all work to stop at its next step.
    pub(crate) fn cancel(&self) {
        self.stop.cancel();
    }

    /// Stops all work and waits for it.
    pub(crate) async fn close(&self) {
        self.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
