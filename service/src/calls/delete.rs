//! Deleting a call: hidden at once, removed after.

use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};

use super::CallRef;
use crate::{Callstore, Error};

impl Callstore {
    /// Hides a call from every reader and frees its `streamSid` and `callSid`; its file and rows are removed in the
    /// background, and after a crash by the next start.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn delete_call(&self, call: &CallRef) -> Result<(), Error> {
        let transaction = self.0.database.begin().await?;
        let stored = self.find_call(&transaction, call).await?;
        let id = stored.id;
        let now = self.now();
        let mut row = stored.into_active_model();
        row.stream_sid = Set(None);
        row.call_sid = Set(None);
        row.deleted_at = Set(Some(now));
        row.updated_at = Set(now);
        row.update(&transaction).await?;
        transaction.commit().await?;
        self.0.streams.ended(id);
        self.purge_call(id);
        Ok(())
    }
}
