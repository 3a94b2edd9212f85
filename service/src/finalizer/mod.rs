//! The end of every call: turns its chunks into a recording. However a call ends, and however often, it goes through
//! here. Each step can be repeated, so a crash at any point only costs the work of that step.
//!
//!
//! `plan` lays out the chunks, `render` writes the WAV, and `complete` publishes it in one transaction.
//!
//! The way of a call, from its end to its recording:
//!
//! 1. Whoever ends it sets its status to `finalizing` in the transaction that moves its last chunks out of the journal.
//!    From there on no chunk is accepted, so all that follows sees the same audio, however often it is repeated.
//!
//! 2. [`start`](Finalizer::start) runs one job per call and process. Requests that wait hold a [`Finalizing`]; when the
//!    service stops, they return and the job goes on at the next start.
//!
//! 3. The job takes the call's lease, so that of several nodes one works. It waits for a core: recordings are made on
//!    as many threads as there are cores, and others wait in order.
//!
//! 4. `plan`, `render` and `complete` follow. A file is published under its call's name before its row is committed. A
//!    crash in between leaves a file without a row; the next attempt replaces it.
//!
//! 5. The chunks are deleted, in the background.
//!
//! What fails decides how it goes on ([`Failure`]): a fault of the audio or of the store's answer
//! fails the call, which keeps its chunks and may be ended again; a database or an object store that does not answer
//! decides nothing, and is tried again for as long as it takes.

mod complete;
mod failure;
mod jobs;
mod part;
mod plan;
mod render;
mod resume;

use std::{
    io,
    time::{Duration, Instant},
};

use entity::call;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::{
    Error,
    calls::{AudioFormat, CallRow, Status, Visible},
    crash,
    lease::{self, Lease},
};
use failure::{Failure, Stop};
pub(crate) use jobs::{Finalizing, Jobs};
pub(crate) use part::Finalizer;
pub(crate) use plan::{Plan, lay_out};
pub(crate) use render::RECORDING_RATE;

/// How often a node checks whether the node that holds the lease has finished.
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl Finalizer {
    /// Finalizes a call in the background. If a job for it is running, that job checks the call again when it is done.
    pub(crate) fn start(&self, call: Uuid) -> Finalizing {
        let (job, sender) = self.jobs.join(call);
        if let Some(sender) = sender {
            let this = self.clone();
            self.core.background.spawn(async move {
                loop {
                    let what = "A call could not be finalized; the service tries again.";
                    this.core.background.until_done(what, || this.finalize_once(call)).await;
                    if this.core.background.is_stopping() || this.jobs.finish(call) {
                        break;
                    }
                }
                drop(sender);
            });
        }
        job
    }

    /// Finalizes a call if it is still `finalizing`. An error comes from the database or the object store and decides
    /// nothing: the caller retries.
    ///
    /// Returns without an error when there is nothing to do: the call was completed, failed or deleted by somebody
    /// else, or the service stops.
    async fn finalize_once(&self, id: Uuid) -> Result<(), Error> {
        use call::{Column, Entity};
        let waiting = || Entity::find_by_id(id).visible().filter(Column::Status.eq(Status::Finalizing));
        let (readers, cores) = (self.core.database.readers(), &self.cores);
        let lease = loop {
            match self.core.lease(lease::finalizing(id)).await? {
                Some(lease) => break lease,
                // Another node is finalizing it. If that node dies, its lease expires and this one takes over.
                None if !self.core.background.pause(LOOK_EVERY).await => return Ok(()),
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
                self.purge.spawn_chunks(id);
                Ok(())
            }
            Err(Failure::Stopped) if !self.core.background.is_stopping() => {
                Err(Error::StorageUnavailable("the lease was lost".to_owned()))
            }
            Err(Failure::Stopped) => Ok(()),
            // An upload that is interrupted by the shutdown has not failed; the next start repeats it.
            Err(Failure::Later(_)) if self.core.background.is_stopping() => Ok(()),
            Err(Failure::Later(error)) => Err(error),
            Err(failure) => {
                let code = failure.public().0;
                tracing::error!(call = %id, code, error = %failure, "A recording failed. The chunks are kept.");
                self.fail(id, failure.public()).await
            }
        }
    }

    /// Makes the recording of a call that has audio, and completes the call.
    ///
    /// Reading and rendering block, so they run on a thread of their own. The thread notices a stop or a lost lease at
    /// its next block, and a draft that is not published is deleted.
    async fn record(&self, call: &CallRow, lease: &Lease) -> Result<(), Failure> {
        let (core, id, format) = (self.core.clone(), call.id, AudioFormat::of(call));
        let stop = Stop(lease.lost());
        let work = move || {
            let chunks = core.database.storage().chunk_reader()?;
            let plan = plan::plan(&chunks, id, format, &stop)?;
            let unique = [core.ids.next(), core.ids.next()];
            let render = || render::render(&chunks, &core.store, id, &plan, unique, &stop);
            let file = plan.has_audio().then(render).transpose()?;
            Ok((plan, file))
        };
        let crashed = |_| Err(Failure::Store(io::Error::other("rendering did not finish")));
        // Tracked, so that a shutdown waits for it even if this future has been dropped by then.
        let rendered = self.core.background.spawn_blocking(work).await;
        let (plan, file) = rendered.unwrap_or_else(crashed)?;
        Ok(self.complete(call, plan, file).await?)
    }
}
