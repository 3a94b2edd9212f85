//! What the calls of a thread have in common.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{client::Client, link::Endpoint, measures::Measures, progress::Progress, settings::Settings, stop::Stop};

/// The state that all calls on a thread share. Each thread has its own client and measures, so calls never wait for
/// another thread's lock.
#[derive(Debug)]
pub(crate) struct Run {
    /// The settings from the command line.
    pub settings: Settings,
    /// The HTTP client of this thread.
    pub client: Client,
    /// The address of the service's WebSockets.
    pub endpoint: Endpoint,
    /// The progress of all calls on all threads.
    pub progress: Arc<Progress>,
    /// The request to stop, shared by all threads.
    pub stop: Arc<Stop>,
    /// The measurements of this thread. They are merged when the thread ends.
    pub measures: Mutex<Measures>,
}

impl Run {
    /// Updates the measurements of this thread.
    pub(crate) fn measure(&self, note: impl FnOnce(&mut Measures)) {
        note(&mut self.measures.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
