//! Leases, which assign cluster-wide jobs to one node each. A lease is a database row with an expiry by the database's
//! clock. Its holder renews it; once it has expired, another node may take it. A node on SQLite is alone and gets every
//! lease.
//!
//! A lease does not prevent two nodes from working at the same time: a node that hangs may wake up after its lease has
//! gone to another. It makes that rare, and cheap to notice ([`Lease::lost`]). What must not happen twice is decided by
//! a condition in a transaction, as in `finalizer/complete.rs`.

use std::time::Duration;

use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use crate::{Error, core::Core};

/// How long a lease lasts, and how often it is renewed.
pub(crate) const LEASE: Duration = Duration::from_secs(15);
const RENEW_EVERY: Duration = Duration::from_secs(4);

/// A lease held by this node. A background task renews it until this is dropped, and then ends it. If renewing fails
/// for too long, or another node has taken it, the task cancels [`lost`](Self::lost).
///
/// ```text
///             renewed every 4 s           dropped: the row is deleted
///   taken ------------------------> held --------------------------------> free
///                                     |
///                                     |  no answer for 15 s, or taken by another node
///                                     v
///                                    lost (the token is cancelled)
/// ```
pub(crate) struct Lease {
    lost: CancellationToken,
    _held: DropGuard,
}

impl Lease {
    /// A token that is cancelled when another node may hold the lease, and when the service stops.
    pub(crate) fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }
}

/// Name of the lease to finalize a call.
pub(crate) fn finalizing(call: Uuid) -> String {
    format!("finalize {call}")
}

impl Core {
    /// Takes or renews a lease for [`LEASE`], without keeping it renewed. Returns false if another node holds it.
    pub(crate) async fn has_lease(&self, name: &str) -> Result<bool, Error> {
        Ok(self.database.storage().lease(name, self.node, LEASE).await?)
    }

    /// Takes a lease and keeps it renewed until the result is dropped; `None` if another node holds it.
    pub(crate) async fn lease(&self, name: String) -> Result<Option<Lease>, Error> {
        if !self.has_lease(&name).await? {
            return Ok(None);
        }
        let (lost, held) = (self.background.stopping(), CancellationToken::new());
        let lease = Lease { lost: lost.clone(), _held: held.clone().drop_guard() };
        if self.database.storage().has_other_nodes() {
            tokio::spawn(self.clone().keep_lease(name, lost, held));
        }
        Ok(Some(lease))
    }

    /// A renewal that fails is repeated as long as the lease still stands by this node's monotonic clock, counted from
    /// when the last good renewal was asked for and not from its answer.
    async fn keep_lease(self, name: String, lost: CancellationToken, held: CancellationToken) {
        let mut last = tokio::time::Instant::now();
        while held.run_until_cancelled(tokio::time::sleep(RENEW_EVERY)).await.is_some() {
            let asked = tokio::time::Instant::now();
            match tokio::time::timeout(RENEW_EVERY, self.has_lease(&name)).await {
                Ok(Ok(true)) => last = asked,
                Ok(Ok(false)) => break,
                Ok(Err(_)) | Err(_) if last.elapsed() + RENEW_EVERY < LEASE => {}
                Ok(Err(_)) | Err(_) => break,
            }
        }
        if held.is_cancelled() {
            if let Err(error) = self.database.storage().end_lease(&name, self.node).await {
                tracing::warn!(%error, lease = name, "A lease could not be released; it expires some seconds later.");
            }
        } else {
            tracing::warn!(lease = name, "A lease could not be renewed; another node may take it over.");
            lost.cancel();
        }
    }
}
