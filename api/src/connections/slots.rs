//! Counts the open connections and limits their number.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use service::Ids;
use service::audio::number::index;

use crate::limits::{CONNECTIONS_DEFAULT, CONNECTIONS_REFUSED_MAX};

/// Counts the open connections. One instance serves all threads.
pub(crate) struct Connections {
    open: AtomicU32,
    max: u32,
    ids: Arc<dyn Ids>,
}

/// A slot for one connection. Its owner keeps it as long as the connection is open; dropping it frees the slot.
pub(crate) struct Slot(Arc<Connections>);

impl Connections {
    /// Raises the soft limit on open files and creates slots for `wanted` connections. Without `wanted` there is the
    /// default number, or fewer if the limit is lower.
    ///
    /// # Errors
    /// If the limit on open files is too low for `wanted`, a sentence with the number needed.
    pub(crate) fn new(wanted: Option<u32>, ids: Arc<dyn Ids>) -> Result<Arc<Self>, String> {
        let files = raise_file_limit();
        // Each connection may also have a file open for a download.
        let room = u32::try_from(files / 2).unwrap_or(u32::MAX);
        match wanted {
            Some(wanted) if wanted > room => Err(format!(
                "--max-connections (CALLSTORE_MAX_CONNECTIONS) {wanted} needs {} open files, and {files} are allowed; \
                 ulimit -n shows that limit",
                u64::from(wanted) * 2
            )),
            _ => {
                let max = wanted.unwrap_or(CONNECTIONS_DEFAULT.min(room));
                Ok(Arc::new(Self { open: AtomicU32::new(0), max, ids }))
            }
        }
    }

    /// The source of request ids for refusals.
    pub(crate) fn ids(&self) -> &dyn Ids {
        &*self.ids
    }

    /// The number of connections to accept, including those that are then refused. Others wait in the kernel's backlog.
    pub(crate) fn taken_max(&self) -> usize {
        index(self.max.saturating_add(CONNECTIONS_REFUSED_MAX))
    }

    /// A slot for a new connection; `None` if all are taken.
    pub(crate) fn take_slot(self: &Arc<Self>) -> Option<Slot> {
        let taken =
            self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| (open < self.max).then_some(open + 1));
        taken.ok()?;
        metrics::gauge!("callstore_connections").increment(1.0);
        Some(Slot(self.clone()))
    }
}

impl Slot {
    /// The source of request ids for responses sent before a request was parsed.
    pub(crate) fn ids(&self) -> &dyn Ids {
        &*self.0.ids
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("callstore_connections").decrement(1.0);
    }
}

/// Raises the soft limit on open files to the hard limit, and returns the limit that applies.
fn raise_file_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    let limit = if setrlimit(Resource::Nofile, raised).is_ok() { raised } else { limit };
    limit.current.unwrap_or(u64::MAX)
}
