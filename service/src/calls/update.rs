//! Changing what is known of a call.

use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel, SqlErr, TryIntoModel};

use super::{Call, CallRef, Direction};
use crate::{Callstore, Error};

/// A change of a call: `None` leaves a field as it is, `Some(None)` removes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallChange {
    /// Who answered.
    pub agent: Option<Option<String>>,
    /// The phone call's name at the carrier.
    pub call_sid: Option<Option<String>>,
    /// Who called; it cannot be removed.
    pub caller: Option<String>,
    /// Who called whom.
    pub direction: Option<Option<Direction>>,
}

impl Callstore {
    /// Changes a call and returns it as it is then.
    ///
    /// # Errors
    /// `CallNotFound`, `CallSidTaken`, or a failing database.
    pub async fn update_call(&self, call: &CallRef, change: CallChange) -> Result<Call, Error> {
        let transaction = self.0.database.begin().await?;
        let stored = self.find_call(&transaction, call).await?;
        if change == CallChange::default() {
            return Ok(stored);
        }
        let mut row = stored.into_active_model();
        if let Some(agent) = change.agent {
            row.agent = Set(agent);
        }
        if let Some(call_sid) = change.call_sid {
            row.call_sid = Set(call_sid);
        }
        if let Some(caller) = change.caller {
            row.caller = Set(caller);
        }
        if let Some(direction) = change.direction {
            row.direction = Set(direction);
        }
        row.updated_at = Set(self.now());
        let changed = row.update(&transaction).await.map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Error::CallSidTaken,
            _ => Error::Database(error),
        })?;
        transaction.commit().await?;
        Ok(changed.try_into_model()?)
    }
}
