//! The part of the call store for listeners. Its operations are in the other files of this folder.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::{chunks::Chunks, core::Core, database::parallelism, recordings::Recordings};

/// Operations of listeners.
#[derive(Clone)]
pub struct Listening {
    pub(super) core: Core,
    pub(super) recordings: Recordings,
    /// Makes the latest chunks of a live call readable.
    pub(super) chunks: Chunks,
    /// Limits how many recordings are read at the same time to make peaks of them.
    pub(super) cores: Arc<Semaphore>,
}

impl Listening {
    pub(crate) fn new(core: Core, recordings: Recordings, chunks: Chunks) -> Self {
        Self { core, recordings, chunks, cores: Arc::new(Semaphore::new(parallelism())) }
    }
}
