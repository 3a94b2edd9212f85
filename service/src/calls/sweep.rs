//! The ends that nobody asks for: a call whose stream is gone, that nothing is written to, or that is too old.

use std::time::Duration;

use entity::call::{Column, Entity};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use super::{Call, CallRef, EndReason, Status, end::End};
use crate::{
    Callstore, Error, Timestamp,
    policy::{Policy, RECONNECT_GRACE, milliseconds},
};

/// How often it is looked for calls to end.
const BEAT: Duration = Duration::from_secs(1);
/// How many beats go by until it is looked for what nodes that are gone have left: calls to finalize, and rows to remove.
const TAKE_OVER_BEATS: u64 = 5;
/// How many beats go by until sockets are noted again that another node took for gone: fewer than it waits for them.
const NOTE_OPEN_BEATS: u64 = 5;
const PURGE_BEATS: u64 = 60;

impl Callstore {
    /// Ends what is due, again and again, until the service stops.
    pub(crate) async fn keep_sweeping(self) {
        let mut beats = 0_u64;
        while self.0.finalizer.pause(BEAT).await {
            beats += 1;
            if let Err(error) = self.sweep_once(beats).await {
                tracing::error!(%error, "Calls that are due could not be ended yet.");
            }
        }
    }

    /// Sweeps, on one node of several, which does as well what a node that is gone has left.
    async fn sweep_once(&self, beats: u64) -> Result<(), Error> {
        if self.0.database.is_shared() && beats.is_multiple_of(NOTE_OPEN_BEATS) {
            self.note_still_open().await?;
        }
        if !self.has_lease("sweep").await? {
            return Ok(());
        }
        self.sweep().await?;
        if self.0.database.is_shared() {
            if beats.is_multiple_of(TAKE_OVER_BEATS) {
                self.take_over_finalizing().await?;
            }
            if beats.is_multiple_of(PURGE_BEATS) {
                self.resume_purging().await?;
            }
        }
        Ok(())
    }

    async fn sweep(&self) -> Result<(), Error> {
        let (now, policy, began) = (self.now(), self.0.policy, self.0.began);
        let before = |span: Duration| Timestamp(now.0.saturating_sub(milliseconds(span)));
        let was_up = |span: Duration| now.0 - began.0 >= milliseconds(span);
        let idle = || Column::LastWriteAt.lte(before(policy.idle_timeout));
        let gone = || Column::DisconnectedAt.lte(before(RECONNECT_GRACE));
        let due = Condition::any()
            .add(Column::CreatedAt.lte(before(policy.max_call_duration)))
            .add_option(was_up(policy.idle_timeout).then(idle))
            .add_option(was_up(RECONNECT_GRACE).then(gone));
        let calls = Entity::find().filter(Column::Status.eq(Status::Active)).filter(Column::DeletedAt.is_null());
        for call in calls.filter(due).all(self.0.database.readers()).await? {
            let decide = move |stored: &Call, batch: &mut crate::writer::Batch| {
                let call = batch.as_written(stored.clone());
                if call.status == Status::Active { end_of(&call, &policy, began, now) } else { None }
            };
            match self.begin_end(&CallRef::of(call.id), decide).await {
                Ok(ended) if ended.status == Status::Finalizing => drop(self.finalize(ended.id)),
                // It was written to, or deleted, meanwhile.
                Ok(_) | Err(Error::CallNotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// How an active call ends now, if it does. The end is where its last sign of life was. Nobody could reach a service that was
/// down, so that it is waited for from when it `began` at the earliest.
fn end_of(call: &Call, policy: &Policy, began: Timestamp, now: Timestamp) -> Option<End> {
    let past = |since: Option<Timestamp>, span: Duration| {
        since.filter(|since| now.0 - since.0.max(began.0) >= milliseconds(span))
    };
    let gone = past(call.disconnected_at, RECONNECT_GRACE).map(|at| (EndReason::StreamDisconnect, at));
    let idle = || past(call.last_write_at, policy.idle_timeout).map(|at| (EndReason::IdleTimeout, at));
    let is_old = now.0 - call.created_at.0 >= milliseconds(policy.max_call_duration);
    let old = || is_old.then_some((EndReason::MaxDuration, now));
    gone.or_else(idle).or_else(old).map(|(reason, time)| End { reason, time: Some(time) })
}
