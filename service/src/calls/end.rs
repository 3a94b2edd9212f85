//! Ends calls, and waits for their recordings.
//!
//! An end is a decision about a call that is still changing, so it is made in the writer's transaction
//! ([`Calls::begin_end`]): it sees all chunks that were acknowledged, and none can be acknowledged after it.
//!
//! | status | a request to end | becomes |
//! | --- | --- | --- |
//! | active | sets end time, duration and reason | finalizing |
//! | finalizing | changes nothing, and waits for the running job | finalizing |
//! | completed | changes nothing, and returns the recordings | completed |
//! | failed | keeps the first end, and tries the recording again | finalizing |

use std::time::Duration;

use futures_util::FutureExt;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel, TryIntoModel};

use super::{Call, CallParts, CallRef, CallRow, EndReason, Status, part::Calls};
use crate::{Error, Idempotency, RecordingFile, Timestamp, outbox::Cause, writer::Batch};

/// Why a call ends, and the end time to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub reason: EndReason,
    /// Now by default.
    pub time: Option<Timestamp>,
}

/// A call as the transaction that was to end it has left it.
struct Ended {
    call: CallRow,
    /// Whether this ended the call for the first time.
    first: bool,
    /// The recordings of a call that was completed before. They are read with the call, since between separate reads it
    /// may be deleted.
    recordings: Option<Vec<RecordingFile>>,
}

impl Calls {
    /// Ends a call, waits for its recording for at most `wait`, and returns the call with its recordings. The call is
    /// completed or failed, or still finalizing if `wait` has passed or the service is stopping. From here on no chunks
    /// are accepted. Ending a call again keeps the first end; a failed call is finalized again.
    ///
    /// # Errors
    /// `CallNotFound`, `Invalid` for an end before the start, `IdempotencyKeyReused`, or a failing database.
    pub async fn end(
        &self,
        call: &CallRef,
        end_time: Option<Timestamp>,
        wait: Duration,
        idempotency: Option<&Idempotency>,
    ) -> Result<(Call, CallParts), Error> {
        let end = End { reason: EndReason::Api, time: end_time };
        let ended = self.begin_end_idempotent(call, move |_, _| Some(end), idempotency).await?;
        if ended.recordings.is_some() {
            return Ok((ended.call.into(), CallParts { recordings: ended.recordings, ..CallParts::default() }));
        }
        self.finalizer.start(ended.call.id).wait(wait).await;
        // Read once more, because the finalizer has changed the call since, or somebody has deleted it.
        let (snapshot, call) = self.core.snapshot_of(&CallRef::of(ended.call.id)).await?;
        let mut parts = CallParts::default();
        if matches!(call.status, Status::Completed | Status::Failed) {
            parts.recordings = Some(self.recordings.of_call(&snapshot, call.id).await?);
        }
        Ok((call.into(), parts))
    }

    /// Ends a call now, for a reason other than a request, without waiting for its recording.
    ///
    /// Called by a stream that sends `stop`: a carrier waits for nothing.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub(crate) async fn end_in_background(&self, call: &CallRef, reason: EndReason) -> Result<(), Error> {
        let ended = self.begin_end(call, move |_, _| Some(End { reason, time: None })).await?;
        if ended.status == Status::Finalizing {
            self.finalizer.start(ended.id);
        }
        Ok(())
    }

    /// Moves an active or failed call to `finalizing`, if `decide` returns an end. `decide` sees all earlier writes.
    /// The call's sockets then close.
    ///
    /// `decide` runs in the transaction and may say no, for example when a chunk has come since a timeout was noticed.
    /// Its second argument is for what is known of the call beyond its row.
    pub(crate) async fn begin_end(
        &self,
        call: &CallRef,
        decide: impl FnOnce(&CallRow, &mut Batch) -> Option<End> + Send + 'static,
    ) -> Result<CallRow, Error> {
        Ok(self.begin_end_idempotent(call, decide, None).await?.call)
    }

    /// Like [`begin_end`](Self::begin_end), but also idempotent by key. Ending is idempotent anyway, so only the
    /// fingerprint of the request is kept, and a retry gets the call's current state.
    async fn begin_end_idempotent(
        &self,
        call: &CallRef,
        decide: impl FnOnce(&CallRow, &mut Batch) -> Option<End> + Send + 'static,
        idempotency: Option<&Idempotency>,
    ) -> Result<Ended, Error> {
        let (this, about, call, idempotency) = (self.clone(), call, call.clone(), idempotency.cloned());
        let work = self.core.write(Some(about), 0, move |batch| {
            async move {
                let again: Option<()> = batch.recall(idempotency.as_ref()).await?;
                let ended = this.move_to_finalizing(batch, &call, decide).await?;
                if again.is_none() {
                    batch.record(idempotency.as_ref(), Some(ended.call.id), &())?;
                }
                Ok(ended)
            }
            .boxed()
        });
        let ended = work.await?;
        let call = &ended.call;
        if ended.first {
            let reason = reason_name(call.end_reason);
            metrics::counter!("callstore_calls_ended_total", "reason" => reason).increment(1);
            tracing::info!(call = %call.id, reason, duration_ms = call.duration_ms, "A call ended.");
        }
        if call.status != Status::Active {
            self.sockets.ended(call.id);
        }
        Ok(ended)
    }

    /// Reads the call, and moves it if it is to end now.
    ///
    /// Settles the call's chunks and forgets the call in the same transaction. From here on a chunk finds no active
    /// call, and the finalizer finds all chunks in `audio_chunk`.
    async fn move_to_finalizing(
        &self,
        batch: &mut Batch,
        call: &CallRef,
        decide: impl FnOnce(&CallRow, &mut Batch) -> Option<End> + Send,
    ) -> Result<Ended, Error> {
        let stored = batch.call(call).await?;
        if stored.status == Status::Completed {
            let recordings = Some(self.recordings.of_call(batch.transaction(), stored.id).await?);
            return Ok(Ended { call: stored, first: false, recordings });
        }
        let unchanged = |call| Ok(Ended { call, first: false, recordings: None });
        if stored.status == Status::Finalizing {
            return unchanged(stored);
        }
        let Some(end) = decide(&stored, batch) else { return unchanged(stored) };
        let (id, now) = (stored.id, self.core.now());
        let first = stored.status == Status::Active;
        let mut row = match stored.status {
            Status::Failed => {
                let mut row = stored.into_active_model();
                row.failure_code = Set(None);
                row.failure_detail = Set(None);
                row
            }
            Status::Active | Status::Finalizing | Status::Completed => with_end(stored, end, now)?,
        };
        row.status = Set(Status::Finalizing);
        row.updated_at = Set(now);
        let ended = row.update(batch.transaction()).await?;
        let ended = ended.try_into_model()?;
        batch.settle(id);
        batch.forget(id);
        let cause = if first { Cause::call_ended(&ended) } else { Cause::call_updated(&ended, &["status"]) };
        batch.state().tell(cause, now);
        Ok(Ended { call: ended, first, recordings: None })
    }
}

/// The row of an active call, with its end filled in.
fn with_end(call: CallRow, end: End, now: Timestamp) -> Result<entity::call::ActiveModel, Error> {
    let start = call.start_time;
    if end.reason == EndReason::Api && end.time.is_some_and(|time| time < start) {
        return Err(Error::invalid("/endTime", "Must not be before the call's startTime."));
    }
    // A start time in the future must not make the duration negative.
    let time = end.time.unwrap_or(now).max(start);
    let mut row = call.into_active_model();
    row.end_time = Set(Some(time));
    row.duration_ms = Set(Some(time.0 - start.0));
    row.end_reason = Set(Some(end.reason));
    Ok(row)
}

fn reason_name(reason: Option<EndReason>) -> &'static str {
    match reason {
        Some(EndReason::StreamStop) => "stream_stop",
        Some(EndReason::StreamDisconnect) => "stream_disconnect",
        Some(EndReason::IdleTimeout) => "idle_timeout",
        Some(EndReason::MaxDuration) => "max_duration",
        Some(EndReason::Api) | None => "api",
    }
}
