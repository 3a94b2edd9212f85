//! The audit trail of the running service: adds entries, counts refusals, and lists.

use std::{sync::Arc, time::Duration};

use entity::audit_entry::Model;
use futures_util::{FutureExt, future::BoxFuture};
use sea_orm::DbErr;

use super::{
    entry::{AuditEntry, NewAuditEntry},
    list::{ListAudit, select},
    refusals::{Counted, Refusals},
    retention::{enter_removal, removable, remove_slice, warn_of_unexported},
    seal::{SLICE, has_pending, seal_slice},
};
use crate::{
    Error, Slice, Timestamp,
    core::Core,
    policy::milliseconds,
    writer::{Batch, Outcome, Pending, State, Write},
};

/// How often counted refusals of a past minute are written, and new entries join the chain.
const BEAT: Duration = Duration::from_secs(2);
/// Pause between two slices of a backlog, so that other writes get their turn.
const SLICE_PAUSE: Duration = Duration::from_millis(50);
/// Beats between checks for entries that are older than the retention.
const RETENTION_BEATS: u64 = 1800;
/// Pauses before an entry is written again that a passing failure has kept from the disk.
const TRY_AGAIN: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(250), Duration::from_secs(1)];

/// Operations on the audit log.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Actor, ListAudit, NewAuditEntry, Page};
///
/// let entry = NewAuditEntry {
///     actor: Actor::Anyone,
///     key_id: None,
///     address: Some("192.0.2.7".to_owned()),
///     forwarded_for: None,
///     operation: "getRecording".to_owned(),
///     resource: "/recordings/1".to_owned(),
///     status: 404,
///     count: 1,
///     request_id: None,
///     server_request_id: None,
/// };
/// callstore.audit.add(entry).await;
///
/// let list = ListAudit {
///     page: Page { limit: 50, offset: 0 },
///     key_id: None,
///     operation: Some("getRecording".to_owned()),
///     resource: None,
///     created_after: None,
///     created_before: None,
/// };
/// assert_eq!(callstore.audit.list(&list).await?.items[0].status, Some(404));
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Audit {
    core: Core,
    refusals: Arc<Refusals>,
}

impl Audit {
    pub(crate) fn new(core: Core) -> Self {
        Self { core, refusals: Arc::default() }
    }

    /// Adds an entry, durable when this returns. If that fails, the entry goes to the log instead.
    pub async fn add(&self, new: NewAuditEntry) {
        self.add_at(new, self.core.now()).await;
    }

    /// Adds the entry of a refused request. A caller's first refusal in a minute has its own entry; the rest of that
    /// minute are counted, and written as one entry once the minute has passed.
    pub async fn refuse(&self, new: NewAuditEntry) {
        let now = self.core.now();
        let (first, past) = self.refusals.count(new, now);
        self.add_counted(past).await;
        if let Some(first) = first {
            self.add_at(first, now).await;
        }
    }

    /// Writes the refusals that are counted and not yet written, also those of the current minute.
    pub(crate) async fn write_refusals(&self) {
        self.add_counted(self.refusals.take()).await;
    }

    async fn add_counted(&self, counted: Vec<Counted>) {
        for Counted { entry, last_at } in counted {
            self.add_at(entry, last_at).await;
        }
    }

    /// Writes an entry, and tries again where that may help: its request is done, and was told so by no one yet.
    ///
    /// A commit whose sync has failed may turn out to be there after all. Each attempt therefore has an id of its own,
    /// and such an entry is there twice rather than not at all.
    async fn add_at(&self, new: NewAuditEntry, at: Timestamp) {
        let mut pauses = TRY_AGAIN.into_iter();
        loop {
            let entry = new.clone().into_row(self.core.ids.next(), at);
            let row = entry.clone();
            let Err(error) = self.core.queue_patiently(|outcome| AddEntry { row, outcome }).await else { return };
            let Some(pause) = pauses.next().filter(|_| error.is_passing()) else {
                metrics::counter!("callstore_audit_misses_total").increment(1);
                tracing::error!(%error, ?entry, "An audit entry could not be written.");
                return;
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Writes counted refusals, adds new entries to the chain, and removes exported ones that are old enough, until the
    /// service stops.
    pub(crate) async fn keep_up(self) {
        let mut beats = 0_u64;
        while self.core.background.pause(BEAT).await {
            self.add_counted(self.refusals.take_before(self.core.now())).await;
            if let Err(error) = self.seal().await {
                tracing::warn!(%error, "The audit's chain could not be continued; the service tries again.");
            }
            if beats.is_multiple_of(RETENTION_BEATS)
                && let Err(error) = self.remove_old().await
            {
                tracing::warn!(%error, "Old audit entries could not be removed; the service tries again in an hour.");
            }
            beats += 1;
        }
    }

    /// Adds all entries that wait to the chain. With several nodes, one of them does.
    async fn seal(&self) -> Result<(), Error> {
        while has_pending(self.core.database.readers()).await? && self.core.has_lease("audit").await? {
            let database = self.core.database.clone();
            let sealed = self
                .core
                .write(None, 0, move |batch| {
                    async move { Ok(seal_slice(&database, batch.transaction()).await?) }.boxed()
                })
                .await?;
            if sealed < SLICE || !self.core.background.pause(SLICE_PAUSE).await {
                break;
            }
        }
        Ok(())
    }

    /// Removes exported entries that are older than the retention, if there is one.
    async fn remove_old(&self) -> Result<(), Error> {
        let Some(retention) = self.core.policy.audit_retention else { return Ok(()) };
        let before = Timestamp(self.core.now().0.saturating_sub(milliseconds(retention)));
        if !self.core.has_lease("audit").await? {
            return Ok(());
        }
        warn_of_unexported(self.core.database.readers(), before).await?;
        let Some(through) = removable(self.core.database.readers(), before).await? else { return Ok(()) };
        let (id, now) = (self.core.ids.next(), self.core.now());
        self.core
            .write(None, 0, move |batch| {
                async move { Ok(enter_removal(batch.transaction(), &through, id, now).await?) }.boxed()
            })
            .await?;
        tracing::info!(%through, "Exported audit entries that are older than the retention are removed.");
        while self
            .core
            .write(None, 0, move |batch| async move { Ok(remove_slice(batch.transaction(), &through).await?) }.boxed())
            .await?
            && self.core.background.pause(SLICE_PAUSE).await
        {}
        Ok(())
    }

    /// Entries, newest first.
    ///
    /// # Errors
    /// A failing database.
    pub async fn list(&self, list: &ListAudit) -> Result<Slice<AuditEntry>, Error> {
        let rows = select(list).all(self.core.database.readers()).await?;
        Ok(Slice::cut(rows, list.page.limit))
    }
}

/// An entry in the writer's queue.
struct AddEntry {
    row: Model,
    outcome: Outcome<()>,
}

impl Write for AddEntry {
    fn work_at_once(&mut self, state: &mut State) -> bool {
        state.add_audit(self.row.clone());
        self.outcome.set(Ok(())).is_ok()
    }

    fn has_statements(&self) -> bool {
        false
    }

    fn work<'a>(&'a mut self, batch: &'a mut Batch) -> BoxFuture<'a, Result<(), DbErr>> {
        async move {
            batch.state().add_audit(self.row.clone());
            self.outcome.set(Ok(()))
        }
        .boxed()
    }

    fn outcome(&mut self) -> &mut dyn Pending {
        &mut self.outcome
    }
}
