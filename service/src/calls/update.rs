//! Updates of a call's fields.
//!
//! What identifies audio cannot be changed: neither `streamSid` nor the format nor the times. The condition is checked
//! in the transaction that writes, so of two clients that have seen the same version one succeeds.

use entity::call::ActiveModel;
use futures_util::FutureExt;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel, SqlErr, TryIntoModel};

use super::{Call, CallRef, CallRow, Direction, Status, part::Calls};
use crate::{Author, Error, Precondition, Private, outbox::Cause};

/// Changes to a call: `None` keeps a field, `Some(None)` removes it.
///
/// A field that is given and equals the stored one counts as not given: it neither needs a right nor tells an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallChange {
    /// Who answered.
    pub agent: Option<Option<Private>>,
    /// The carrier's id of the phone call.
    pub call_sid: Option<Option<String>>,
    /// Who called; it cannot be removed.
    pub caller: Option<Private>,
    /// Direction of the phone call.
    pub direction: Option<Option<Direction>>,
}

impl CallChange {
    /// Leaves only what differs from a call.
    fn without_repetitions(mut self, call: &CallRow) -> Self {
        self.agent = self.agent.filter(|agent| *agent != call.agent);
        self.call_sid = self.call_sid.filter(|call_sid| *call_sid != call.call_sid);
        self.caller = self.caller.filter(|caller| *caller != call.caller);
        self.direction = self.direction.filter(|direction| *direction != call.direction);
        self
    }

    /// Whether the change concerns who spoke, which is settled once the call has ended.
    fn is_of_parties(&self) -> bool {
        self.agent.is_some() || self.caller.is_some() || self.direction.is_some()
    }

    /// The names of the changed fields in the API.
    fn fields(&self) -> Vec<&'static str> {
        let Self { agent, call_sid, caller, direction } = self;
        let changed = [
            ("agent", agent.is_some()),
            ("callSid", call_sid.is_some()),
            ("caller", caller.is_some()),
            ("direction", direction.is_some()),
        ];
        changed.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect()
    }

    fn apply(self, call: CallRow) -> ActiveModel {
        let mut row = call.into_active_model();
        if let Some(agent) = self.agent {
            row.agent = Set(agent);
        }
        if let Some(call_sid) = self.call_sid {
            row.call_sid = Set(call_sid);
        }
        if let Some(caller) = self.caller {
            row.caller = Set(caller);
        }
        if let Some(direction) = self.direction {
            row.direction = Set(direction);
        }
        row
    }
}

impl Calls {
    /// Changes a call and returns the new state. A change of nothing writes nothing, so every author may make it. Names
    /// and numbers that are taken from an ended call also go from the database's files, as with a deletion.
    ///
    /// # Errors
    /// `CallNotFound`, `PreconditionFailed`, `ReadOnlyKey`, `EndedCallProtected`, `CallSidTaken`, or a failing
    /// database.
    pub async fn update(
        &self,
        call: &CallRef,
        change: CallChange,
        author: Author,
        condition: Precondition,
    ) -> Result<Call, Error> {
        let (core, about, call) = (self.core.clone(), call, call.clone());
        let changed = self.core.write(Some(about), 0, move |batch| {
            async move {
                let stored = batch.call(&call).await?;
                condition.check(Some(&stored))?;
                let change = change.without_repetitions(&stored);
                if change == CallChange::default() {
                    return Ok((stored.into(), false));
                }
                if !author.may_write() {
                    return Err(Error::ReadOnlyKey);
                }
                if stored.status != Status::Active && change.is_of_parties() && !author.is_admin() {
                    return Err(Error::EndedCallProtected);
                }
                // Who spoke in an ended call is changed to make that call anonymous, or to correct it.
                let erases = stored.status != Status::Active && change.is_of_parties();
                let (id, now, fields) = (stored.id, core.now(), change.fields());
                let mut row = change.apply(stored);
                row.updated_at = Set(now);
                let changed = row.update(batch.transaction()).await.map_err(|error| match error.sql_err() {
                    Some(SqlErr::UniqueConstraintViolation(_)) => Error::CallSidTaken,
                    _ => Error::Database(error),
                })?;
                let changed = changed.try_into_model()?;
                core.note_write(batch.state(), id);
                batch.state().tell(Cause::call_updated(&changed, &fields), now);
                Ok((Call::from(changed), erases))
            }
            .boxed()
        });
        let (call, erases) = changed.await?;
        if erases {
            self.core.note_deleted();
        }
        Ok(call)
    }
}
