//! Starting a call, once or again.

use futures_util::FutureExt;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, TryIntoModel, sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};

use super::{AudioFormat, Call, Direction, Status};
use crate::{Callstore, Error, Idempotency, Private, Timestamp, UNKNOWN_CALLER};

/// What a call starts with. What is not given is as `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCall {
    /// The media stream's name; the call's id unless given.
    pub stream_sid: Option<String>,
    /// Who called; [`UNKNOWN_CALLER`] unless given.
    pub caller: Option<Private>,
    /// The phone call's name at the carrier.
    pub call_sid: Option<String>,
    /// Who answered.
    pub agent: Option<Private>,
    /// Who called whom.
    pub direction: Option<Direction>,
    /// When the call began; now unless given.
    pub start_time: Option<Timestamp>,
    /// How its chunks are encoded; mu-law at 8 kHz unless given.
    pub audio_format: Option<AudioFormat>,
}

/// A call that stands, and whether this request made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The call.
    pub call: Call,
    /// False where the same request had started it before.
    pub created: bool,
}

impl Callstore {
    /// Starts a call, `once` where the request has a name. The same request again gives the same call.
    ///
    /// # Errors
    /// `StreamSidTaken`, `CallSidTaken`, `IdempotencyKeyReused`, or a failing database.
    pub async fn start_call(&self, new: NewCall, once: Option<&Idempotency>) -> Result<Started, Error> {
        let (this, key) = (self.clone(), once.cloned());
        // A call that stands already is answered whatever the space is.
        let full = !self.0.policy.has_room(self.free_bytes()?);
        let started = self.write(0, move |batch| {
            async move {
                if let Some(before) = batch.recall(key.as_ref()).await? {
                    return Ok(before);
                }
                let started = this.insert_call(batch.transaction(), &new, full).await?;
                batch.record(key.as_ref(), &started)?;
                Ok(started)
            }
            .boxed()
        });
        let started = started.await?;
        if started.created && !once.is_some_and(Idempotency::is_replayed) {
            metrics::counter!("callstore_calls_started_total").increment(1);
        }
        Ok(started)
    }

    /// The call's row, which is made unless it is there; where the disk is `full` it is only looked for.
    async fn insert_call(
        &self,
        transaction: &DatabaseTransaction,
        new: &NewCall,
        full: bool,
    ) -> Result<Started, Error> {
        if full {
            return started_before(transaction, new).await?.ok_or(Error::StorageFull);
        }
        let row = self.row(new);
        let call = row.clone().try_into_model()?;
        let unless_there = OnConflict::new().do_nothing().to_owned();
        let insert = entity::call::Entity::insert(row).on_conflict(unless_there);
        match insert.exec_without_returning(transaction).await? {
            // One of the indices has decided; now see which one it was.
            0 => started_before(transaction, new).await?.ok_or(Error::CallSidTaken),
            _ => Ok(Started { call, created: true }),
        }
    }

    fn row(&self, new: &NewCall) -> entity::call::ActiveModel {
        let now = self.now();
        let id = self.0.ids.next();
        let (encoding, sample_rate) = new.audio_format.unwrap_or_default().stored();
        entity::call::ActiveModel {
            id: Set(id),
            stream_sid: Set(Some(new.stream_sid.clone().unwrap_or_else(|| id.to_string()))),
            call_sid: Set(new.call_sid.clone()),
            caller: Set(new.caller.clone().unwrap_or_else(|| UNKNOWN_CALLER.into())),
            agent: Set(new.agent.clone()),
            direction: Set(new.direction),
            encoding: Set(encoding),
            sample_rate: Set(sample_rate),
            start_time: Set(new.start_time.unwrap_or(now)),
            end_time: Set(None),
            duration_ms: Set(None),
            status: Set(Status::Active),
            end_reason: Set(None),
            failure_code: Set(None),
            failure_detail: Set(None),
            last_write_at: Set(None),
            disconnected_at: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
            deleted_at: Set(None),
        }
    }
}

/// The call that has the `streamSid`, if there is one; all that is given has to equal what is stored.
async fn started_before(transaction: &DatabaseTransaction, new: &NewCall) -> Result<Option<Started>, Error> {
    use entity::call::{Column, Entity};
    let Some(stream_sid) = &new.stream_sid else { return Ok(None) };
    let same = Entity::find().filter(Column::StreamSid.eq(stream_sid));
    let Some(call) = same.one(transaction).await? else { return Ok(None) };
    match difference(new, &call) {
        None => Ok(Some(Started { call, created: false })),
        Some(field) => Err(Error::StreamSidTaken { field }),
    }
}

/// The first field that is given and differs from what is stored.
fn difference(new: &NewCall, call: &Call) -> Option<&'static str> {
    fn differs<T: PartialEq>(given: Option<&T>, stored: Option<&T>) -> bool {
        given.is_some() && given != stored
    }
    let checks = [
        ("caller", differs(new.caller.as_ref(), Some(&call.caller))),
        ("callSid", differs(new.call_sid.as_ref(), call.call_sid.as_ref())),
        ("agent", differs(new.agent.as_ref(), call.agent.as_ref())),
        ("direction", differs(new.direction.as_ref(), call.direction.as_ref())),
        ("startTime", differs(new.start_time.as_ref(), Some(&call.start_time))),
        ("audioFormat", differs(new.audio_format.as_ref(), Some(&AudioFormat::of(call)))),
    ];
    checks.into_iter().find_map(|(field, differs)| differs.then_some(field))
}
