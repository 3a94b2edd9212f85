//! The part of the call store that makes recordings. Its operations are in the other files of this folder.
//!
//! It needs no other part but `Purge`. Those who end calls need it: `Calls`, `Sweeper`, and a call store that starts.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::jobs::Jobs;
use crate::{core::Core, database::parallelism, purge::Purge};

/// Finalizes calls that have ended.
#[derive(Clone)]
pub(crate) struct Finalizer {
    pub(super) core: Core,
    pub(super) jobs: Jobs,
    /// Limits concurrent recordings to the number of cores.
    pub(super) cores: Arc<Semaphore>,
    /// Removes the chunks of finished recordings.
    pub(super) purge: Purge,
}

impl Finalizer {
    pub(crate) fn new(core: Core, jobs: Jobs, purge: Purge) -> Self {
        Self { core, jobs, cores: Arc::new(Semaphore::new(parallelism())), purge }
    }
}
