//! Ends calls that nobody ends: those whose stream is gone, that are idle, or that are too old.
//!
//! Three timeouts, by the injected clock: the grace period of a stream that is gone, the idle timeout, and the greatest
//! length of a call. A sweep reads candidates without a lock, and decides about each of them once more in the
//! transaction that ends it, since a chunk may have come in between.
//!
//! On several nodes the lease `sweep` assigns all of this to one of them. It is taken anew with each beat, so a node
//! that dies is replaced within the length of a lease.
//!
//! It works by what is stored, so it does not matter which process has seen a call last: after a restart, or on another
//! node, the next round finds the same calls.

use std::time::Duration;

use entity::call::{Column, Entity};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use crate::{
    Error, Timestamp,
    calls::{CallRef, CallRow, Calls, End, EndReason, Status, Visible},
    core::Core,
    finalizer::Finalizer,
    policy::{Policy, RECONNECT_GRACE, milliseconds},
    purge::Purge,
    streams::Streams,
};

/// How often to look for calls to end.
const BEAT: Duration = Duration::from_secs(1);
/// Beats between checks for calls that other nodes have left `finalizing`.
const TAKE_OVER_BEATS: u64 = 5;
/// Beats between checks for open sockets that another node has marked as gone. It must be well below
/// [`RECONNECT_GRACE`].
const NOTE_OPEN_BEATS: u64 = 5;
/// Beats between checks for chunks and deleted calls that other nodes have left to remove.
const PURGE_BEATS: u64 = 60;

/// Looks for calls to end, and for work that other nodes have left.
pub(crate) struct Sweeper {
    pub core: Core,
    pub calls: Calls,
    pub streams: Streams,
    pub finalizer: Finalizer,
    pub purge: Purge,
}

impl Sweeper {
    /// Ends due calls periodically until the service stops.
    pub(crate) async fn keep_sweeping(self) {
        let mut beats = 0_u64;
        while self.core.background.pause(BEAT).await {
            beats += 1;
            if let Err(error) = self.sweep_once(beats).await {
                tracing::error!(%error, "Calls that timed out could not be ended; the next sweep tries again.");
            }
        }
    }

    /// Runs one sweep. With several nodes, only the one that holds the lease ends calls and cleans up after dead nodes.
    async fn sweep_once(&self, beats: u64) -> Result<(), Error> {
        let has_other_nodes = self.core.database.storage().has_other_nodes();
        if has_other_nodes && beats.is_multiple_of(NOTE_OPEN_BEATS) {
            self.streams.note_still_open().await?;
        }
        if !self.core.has_lease("sweep").await? {
            return Ok(());
        }
        self.sweep().await?;
        if has_other_nodes {
            if beats.is_multiple_of(TAKE_OVER_BEATS) {
                self.finalizer.take_over().await?;
            }
            if beats.is_multiple_of(PURGE_BEATS) {
                self.purge.resume().await?;
            }
        }
        Ok(())
    }

    /// The first two timeouts count only once the service has been up for as long: while it was down, no client could
    /// write.
    async fn sweep(&self) -> Result<(), Error> {
        let (now, policy, began) = (self.core.now(), &self.core.policy, self.core.began);
        let before = |span: Duration| Timestamp(now.0.saturating_sub(milliseconds(span)));
        let was_up = |span: Duration| now.0 - began.0 >= milliseconds(span);
        let idle = || Column::LastWriteAt.lte(before(policy.idle_timeout));
        let gone = || Column::DisconnectedAt.lte(before(RECONNECT_GRACE));
        let due = Condition::any()
            .add(Column::CreatedAt.lte(before(policy.max_call_duration)))
            .add_option(was_up(policy.idle_timeout).then(idle))
            .add_option(was_up(RECONNECT_GRACE).then(gone));
        let calls = Entity::find().visible().filter(Column::Status.eq(Status::Active));
        for call in calls.filter(due).all(self.core.database.readers()).await? {
            let core = self.core.clone();
            let decide = move |stored: &CallRow, batch: &mut crate::writer::Batch| {
                let call = batch.as_written(stored.clone());
                if call.status == Status::Active { end_of(&call, &core.policy, began, now) } else { None }
            };
            match self.calls.begin_end(&CallRef::of(call.id), decide).await {
                Ok(ended) if ended.status == Status::Finalizing => drop(self.finalizer.start(ended.id)),
                // It was written to or deleted meanwhile.
                Ok(_) | Err(Error::CallNotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// How an active call ends now, if it is due. The end time is that of its last activity, or now if it is too old. The
/// other timeouts count from service start at the earliest, because no client could reach a service that was down.
fn end_of(call: &CallRow, policy: &Policy, began: Timestamp, now: Timestamp) -> Option<End> {
    let past = |since: Option<Timestamp>, span: Duration| {
        since.filter(|since| now.0 - since.0.max(began.0) >= milliseconds(span))
    };
    let gone = past(call.disconnected_at, RECONNECT_GRACE).map(|at| (EndReason::StreamDisconnect, at));
    let idle = || past(call.last_write_at, policy.idle_timeout).map(|at| (EndReason::IdleTimeout, at));
    let is_old = now.0 - call.created_at.0 >= milliseconds(policy.max_call_duration);
    let old = || is_old.then_some((EndReason::MaxDuration, now));
    gone.or_else(idle).or_else(old).map(|(reason, time)| End { reason, time: Some(time) })
}
