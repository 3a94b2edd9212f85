//! Ending a call, and waiting for its recording.

use std::time::Duration;

use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel, TryIntoModel};

use super::{Call, CallRef, EndReason, Status};
use crate::{Callstore, Error, Timestamp};

impl Callstore {
    /// Ends a call, once or again, and waits at most `wait` for its recording. The call that is returned is completed or
    /// failed, or still finalizing when the time is over or the service stops. From here on no chunk is taken; the end
    /// that came first stays. A failed call is finalized again.
    ///
    /// # Errors
    /// `CallNotFound`, `Invalid` for an end before the start, or a failing database.
    pub async fn end_call(&self, call: &CallRef, end_time: Option<Timestamp>, wait: Duration) -> Result<Call, Error> {
        let call = self.begin_end(call, end_time, EndReason::Api).await?;
        if call.status == Status::Completed {
            return Ok(call);
        }
        let id = call.id;
        self.finalize(id).wait(wait).await;
        self.find_call(self.0.database.readers(), &CallRef::by_id(id)).await
    }

    /// Ends a call for a reason of the service's own, and does not wait for its recording.
    pub(crate) async fn end_in_background(
        &self,
        call: &CallRef,
        end_time: Option<Timestamp>,
        reason: EndReason,
    ) -> Result<Call, Error> {
        let call = self.begin_end(call, end_time, reason).await?;
        if call.status != Status::Completed {
            self.finalize(call.id);
        }
        Ok(call)
    }

    /// Moves a call to `finalizing` where it is active or failed, and lets its sockets close.
    async fn begin_end(&self, call: &CallRef, end_time: Option<Timestamp>, reason: EndReason) -> Result<Call, Error> {
        let transaction = self.0.database.begin().await?;
        let stored = self.find_call(&transaction, call).await?;
        let now = self.now();
        let mut row = match stored.status {
            Status::Completed | Status::Finalizing => return Ok(stored),
            Status::Active => {
                let start = stored.start_time;
                if end_time.is_some_and(|end| end < start) {
                    return Err(Error::invalid("/endTime", "It must not be before the call's startTime."));
                }
                // A start that was given ahead of time must not make the duration negative.
                let end = end_time.unwrap_or(now).max(start);
                let mut row = stored.into_active_model();
                row.end_time = Set(Some(end));
                row.duration_ms = Set(Some(end.0 - start.0));
                row.end_reason = Set(Some(reason));
                row
            }
            Status::Failed => {
                let mut row = stored.into_active_model();
                row.failure_code = Set(None);
                row.failure_detail = Set(None);
                row
            }
        };
        row.status = Set(Status::Finalizing);
        row.updated_at = Set(now);
        let ended = row.update(&transaction).await?;
        transaction.commit().await?;
        self.0.streams.ended(ended.id);
        Ok(ended.try_into_model()?)
    }
}
