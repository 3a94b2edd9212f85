//! Resumes finalization that no node works on, after a start or after a node has died.
//!
//! A call that is `finalizing` is a job to do: the status is the queue, and it survives a crash. A start resumes all of
//! them; on several nodes the leases decide which one works, and the one that sweeps looks for those whose node is
//! gone.

use std::collections::HashSet;

use entity::call::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::part::Finalizer;
use crate::{
    Error, Timestamp,
    calls::{Status, Visible},
    lease::{self, LEASE},
    policy::milliseconds,
};

impl Finalizer {
    /// Finalizes calls of nodes that have died: those that have been `finalizing` for longer than a lease and have no
    /// live lease.
    ///
    /// A younger call is left alone: the node that ended it may be about to take its lease.
    ///
    /// The age is measured by `updated_at`, which the end of the call sets. If clocks of nodes differ by more than a
    /// lease lasts, two nodes may start the same job; the lease then lets only one of them work.
    pub(crate) async fn take_over(&self) -> Result<(), Error> {
        let before = Timestamp(self.core.now().0.saturating_sub(milliseconds(LEASE)));
        let waiting = Entity::find().visible().select_only().column(Column::Id);
        let waiting = waiting.filter(Column::Status.eq(Status::Finalizing)).filter(Column::UpdatedAt.lt(before));
        let waiting: Vec<Uuid> = waiting.into_tuple().all(self.core.database.readers()).await?;
        let leases: HashSet<String> = self.core.database.storage().leases().await?.into_iter().collect();
        for call in waiting.into_iter().filter(|call| !leases.contains(&lease::finalizing(*call))) {
            if !self.jobs.is_running(call) {
                self.start(call);
            }
        }
        Ok(())
    }

    /// Finalizes the calls that were `finalizing` when the service started.
    ///
    /// Called once, before requests are served. It only starts jobs, and waits for none.
    pub(crate) async fn resume(&self) -> Result<(), Error> {
        let unfinished: Vec<Uuid> = Entity::find()
            .visible()
            .select_only()
            .column(Column::Id)
            .filter(Column::Status.eq(Status::Finalizing))
            .into_tuple()
            .all(self.core.database.readers())
            .await?;
        if !unfinished.is_empty() {
            tracing::info!(calls = unfinished.len(), "Finalizing calls that had ended before the service stopped.");
        }
        for call in unfinished {
            self.start(call);
        }
        Ok(())
    }
}
