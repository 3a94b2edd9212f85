//! Deletes calls: hidden at once, removed in the background.
//!
//! Both names are freed in the transaction that hides the call, so the same `streamSid` may be used again at once. The
//! call's open sockets close, and a recording that is being made is given up.

use futures_util::FutureExt;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};

use super::{CallRef, part::Calls};
use crate::{Error, Precondition, outbox::Cause};

impl Calls {
    /// Hides a call from all readers and frees its `streamSid` and `callSid`. Its file and rows are removed in the
    /// background; after a crash, the next start continues.
    ///
    /// # Errors
    /// `CallNotFound`, `PreconditionFailed`, or a failing database.
    pub async fn delete(&self, call: &CallRef, condition: Precondition) -> Result<(), Error> {
        let (core, about, call) = (self.core.clone(), call, call.clone());
        let id = self
            .core
            .write(Some(about), 0, move |batch| {
                async move {
                    let stored = batch.call(&call).await?;
                    condition.check(Some(&stored))?;
                    let id = stored.id;
                    let now = core.now();
                    let mut row = stored.into_active_model();
                    row.stream_sid = Set(None);
                    row.call_sid = Set(None);
                    row.deleted_at = Set(Some(now));
                    row.updated_at = Set(now);
                    row.update(batch.transaction()).await?;
                    batch.discard(id);
                    batch.state().tell(Cause::call_deleted(id), now);
                    Ok(id)
                }
                .boxed()
            })
            .await?;
        metrics::counter!("callstore_calls_deleted_total").increment(1);
        tracing::info!(call = %id, "A call was deleted.");
        self.sockets.ended(id);
        self.purge.spawn_call(id);
        Ok(())
    }
}
