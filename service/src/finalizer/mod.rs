//! The end of every call: turns its chunks into a recording. However a call ends, and however often, it goes through
//! here. Each step can be repeated, so a crash at any point only costs the work of that step.
//!
//!
//! `plan` lays out the chunks, `render` writes the WAV, and `complete` publishes it in one transaction.

mod complete;
mod failure;
mod plan;
mod render;
mod resume;

use std::{
    collections::HashMap,
    io,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use entity::call;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Callstore, Error,
    calls::{AudioFormat, CallRow, Status, Visible},
    crash,
    database::parallelism,
    lease::{self, Lease},
};
use failure::{Failure, Stop};

/// How often a node checks whether the node that holds the lease has finished.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The running finalization jobs.
pub(crate) struct Finalizer {
    jobs: Mutex<HashMap<Uuid, Job>>,
    /// Limits concurrent recordings to the number of cores.
    cores: Semaphore,
}

struct Job {
    done: watch::Receiver<()>,
    /// Set when another caller asks for the same call while the job runs: the job then checks the call again before it
    /// ends.
    again: bool,
}

impl Default for Finalizer {
    fn default() -> Self {
        Self { jobs: Mutex::default(), cores: Semaphore::new(parallelism()) }
    }
}

/// A handle to a running job. The job drops its sender when it ends; dropping the handle does not stop it.
pub(crate) struct Finalizing {
    done: watch::Receiver<()>,
    stop: CancellationToken,
}

impl Finalizing {
    /// Waits until the job is done, for at most `limit`, and no longer than the service runs.
    pub async fn wait(mut self, limit: Duration) {
        tokio::select! {
            _ = self.done.changed() => {}
            () = tokio::time::sleep(limit) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Waits until the job is done, also during a shutdown.
    pub async fn finished(mut self) {
        // The job never sends; `changed` fails once it drops the sender.
        while self.done.changed().await.is_ok() {}
    }
}

impl Finalizer {
    /// Whether a job of a call is running.
    fn is_running(&self, call: Uuid) -> bool {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&call)
    }

    /// Ends a job and returns true, unless another request for the call came while it ran.
    fn finish(&self, call: Uuid) -> bool {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
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

impl Callstore {
    /// The running job of a call, if there is one.
    pub(crate) fn finalizing(&self, call: Uuid) -> Option<Finalizing> {
        let jobs = self.0.finalizer.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.get(&call).map(|job| self.handle(job.done.clone()))
    }

    fn handle(&self, done: watch::Receiver<()>) -> Finalizing {
        Finalizing { done, stop: self.0.background.stopping() }
    }

    /// Finalizes a call in the background. If a job for it is running, that job checks the call again when it is done.
    pub(crate) fn finalize(&self, call: Uuid) -> Finalizing {
        let finalizer = &self.0.finalizer;
        let mut jobs = finalizer.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(job) = jobs.get_mut(&call) {
            job.again = true;
            return self.handle(job.done.clone());
        }
        let (sender, done) = watch::channel(());
        jobs.insert(call, Job { done: done.clone(), again: false });
        let this = self.clone();
        self.0.background.spawn(async move {
            loop {
                let what = "A call could not be finalized; the service tries again.";
                this.0.background.until_done(what, || this.finalize_once(call)).await;
                if this.0.background.is_stopping() || this.0.finalizer.finish(call) {
                    break;
                }
            }
            drop(sender);
        });
        self.handle(done)
    }

    /// Finalizes a call if it is still `finalizing`. An error comes from the database or the object store and decides
    /// nothing: the caller retries.
    async fn finalize_once(&self, id: Uuid) -> Result<(), Error> {
        use call::{Column, Entity};
        let waiting = || Entity::find_by_id(id).visible().filter(Column::Status.eq(Status::Finalizing));
        let (readers, cores) = (self.0.database.readers(), &self.0.finalizer.cores);
        let lease = loop {
            match self.lease(lease::finalizing(id)).await? {
                Some(lease) => break lease,
                // Another node is finalizing it. If that node dies, its lease expires and this one takes over.
                None if !self.0.background.pause(LOOK_EVERY).await => return Ok(()),
                None if waiting().one(readers).await?.is_none() => return Ok(()),
                None => {}
            }
        };
        // Only the holder of the lease finalizes the call. A row from before might be that of a call that another node
        // has completed meanwhile, and whose chunks are gone.
        let Some(mut call) = waiting().one(readers).await? else { return Ok(()) };
        let _core = match cores.try_acquire() {
            Ok(core) => core,
            Err(_) => {
                let Ok(core) = cores.acquire().await else { return Ok(()) };
                // It may have been deleted while it waited for a core.
                let Some(read) = waiting().one(readers).await? else { return Ok(()) };
                call = read;
                core
            }
        };
        let begun = Instant::now();
        let outcome = self.record(&call, &lease).await;
        match outcome {
            Ok(()) => {
                crash::point("finalize.completed");
                metrics::histogram!("callstore_finalize_seconds").record(begun.elapsed().as_secs_f64());
                self.purge_chunks(id);
                Ok(())
            }
            Err(Failure::Stopped) if !self.0.background.is_stopping() => {
                Err(Error::StorageUnavailable("the lease was lost".to_owned()))
            }
            Err(Failure::Stopped) => Ok(()),
            // An upload that is interrupted by the shutdown has not failed; the next start repeats it.
            Err(Failure::Later(_)) if self.0.background.is_stopping() => Ok(()),
            Err(Failure::Later(error)) => Err(error),
            Err(failure) => {
                let code = failure.public().0;
                tracing::error!(call = %id, code, error = %failure, "A recording failed. The chunks are kept.");
                self.fail(id, failure.public()).await
            }
        }
    }

    /// Makes the recording of a call that has audio, and completes the call.
    async fn record(&self, call: &CallRow, lease: &Lease) -> Result<(), Failure> {
        let (this, id, format) = (self.clone(), call.id, AudioFormat::of(call));
        let stop = Stop(lease.lost());
        let work = move || {
            let chunks = this.0.database.storage().chunk_reader()?;
            let plan = plan::plan(&chunks, id, format, &stop)?;
            let unique = this.0.ids.next();
            let render = || render::render(&chunks, &this.0.store, id, &plan, unique, &stop);
            let file = plan.has_audio().then(render).transpose()?;
            Ok((plan, file))
        };
        let crashed = |_| Err(Failure::Store(io::Error::other("rendering did not finish")));
        // Tracked, so that a shutdown waits for it even if this future has been dropped by then.
        let rendered = self.0.background.spawn_blocking(work).await;
        let (plan, file) = rendered.unwrap_or_else(crashed)?;
        Ok(self.complete(call, plan, file).await?)
    }
}
