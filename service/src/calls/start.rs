//! Starts calls. Repeating a start returns the same call.
//!
//! Uniqueness is decided by the index, since a look before the insert would leave a gap. A client that repeats a
//! request, because it got no answer, gets the call that it has started; one that happens upon another call's
//! `streamSid` is told which field differs.

use futures_util::FutureExt;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, TryIntoModel, sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};

use super::{AudioFormat, Call, CallRow, Direction, Status, UNKNOWN_CALLER, part::Calls};
use crate::{Author, Error, Idempotency, Private, Timestamp, core::Core, outbox::Cause};

/// The fields of a new call. `None` means not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewCall {
    /// The media stream's id; the call's id by default.
    pub stream_sid: Option<String>,
    /// Who called; [`UNKNOWN_CALLER`] by default.
    pub caller: Option<Private>,
    /// The carrier's id of the phone call.
    pub call_sid: Option<String>,
    /// Who answered.
    pub agent: Option<Private>,
    /// Direction of the phone call.
    pub direction: Option<Direction>,
    /// When the call began; now by default.
    pub start_time: Option<Timestamp>,
    /// Encoding of the chunks; mu-law at 8 kHz by default.
    pub audio_format: Option<AudioFormat>,
}

/// The started call, and whether this request created it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// The call.
    pub call: Call,
    /// False if the same request had started it before.
    pub created: bool,
}

/// The row of a started call, and whether this request inserted it. Also the stored outcome of the request.
#[derive(Serialize, Deserialize)]
pub(crate) struct StartedRow {
    pub call: CallRow,
    pub created: bool,
}

impl From<StartedRow> for Started {
    fn from(StartedRow { call, created }: StartedRow) -> Self {
        Self { call: call.into(), created }
    }
}

impl Calls {
    /// Starts a call, which belongs to the author's key. The same request again returns the same call; with
    /// `idempotency`, a retry returns the stored outcome.
    ///
    /// # Errors
    /// `StreamSidTaken`, `CallSidTaken`, `CallNotAllowed` if a call exists that the author may not write to,
    /// `IdempotencyKeyReused`, or a failing database.
    pub async fn start(
        &self,
        new: NewCall,
        author: Author,
        idempotency: Option<&Idempotency>,
    ) -> Result<Started, Error> {
        Ok(self.start_row(new, author, idempotency).await?.into())
    }

    /// Like [`start`](Self::start), but returns the call's row.
    ///
    /// For requests with an idempotency key, which store the row as their outcome, and for streams.
    pub(crate) async fn start_row(
        &self,
        new: NewCall,
        author: Author,
        idempotency: Option<&Idempotency>,
    ) -> Result<StartedRow, Error> {
        let (core, key) = (self.core.clone(), idempotency.cloned());
        // Free space matters only for new calls; an existing one is returned anyway.
        let full = !self.core.policy.has_room(self.core.free_bytes()?);
        let started = self.core.write(None, 0, move |batch| {
            async move {
                if let Some(before) = batch.recall(key.as_ref()).await? {
                    return Ok(before);
                }
                let started = insert_call(&core, batch.transaction(), &new, author, full).await?;
                if started.created {
                    batch.state().tell(Cause::call_started(&started.call), core.now());
                }
                batch.record(key.as_ref(), Some(started.call.id), &started)?;
                Ok(started)
            }
            .boxed()
        });
        let started = started.await?;
        if started.created && !idempotency.is_some_and(Idempotency::is_replayed) {
            metrics::counter!("callstore_calls_started_total").increment(1);
            tracing::info!(call = %started.call.id, "A call started.");
        }
        Ok(started)
    }
}

/// Inserts the call's row, or finds the existing one. If the disk is `full`, it only looks for an existing one.
///
/// The insert and the look for what refused it see the same state, since both are in the writer's transaction.
async fn insert_call(
    core: &Core,
    transaction: &DatabaseTransaction,
    new: &NewCall,
    author: Author,
    full: bool,
) -> Result<StartedRow, Error> {
    if full {
        return started_before(transaction, new, author).await?.ok_or(Error::StorageFull);
    }
    let row = row(core, new, author);
    let call = row.clone().try_into_model()?;
    let unless_there = OnConflict::new().do_nothing().to_owned();
    let insert = entity::call::Entity::insert(row).on_conflict(unless_there);
    match insert.exec_without_returning(transaction).await? {
        // A unique index refused the row; find out which one.
        0 => started_before(transaction, new, author).await?.ok_or(Error::CallSidTaken),
        _ => Ok(StartedRow { call, created: true }),
    }
}

fn row(core: &Core, new: &NewCall, author: Author) -> entity::call::ActiveModel {
    let now = core.now();
    let id = core.ids.next();
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
        owner_id: Set(author.owner()),
    }
}

/// The call with this `streamSid`, if there is one. All fields given must equal the stored ones.
async fn started_before(
    transaction: &DatabaseTransaction,
    new: &NewCall,
    author: Author,
) -> Result<Option<StartedRow>, Error> {
    use entity::call::{Column, Entity};
    let Some(stream_sid) = &new.stream_sid else { return Ok(None) };
    let same = Entity::find().filter(Column::StreamSid.eq(stream_sid));
    let Some(call) = same.one(transaction).await? else { return Ok(None) };
    // Before the fields are compared: even what differs is not for others to know.
    author.check(call.id, call.owner_id)?;
    match difference(new, &call) {
        None => Ok(Some(StartedRow { call, created: false })),
        Some(field) => Err(Error::StreamSidTaken { field }),
    }
}

/// The first given field that differs from the stored one.
///
/// A field that is not given matches anything, so a retry may be shorter than the first request.
fn difference(new: &NewCall, call: &CallRow) -> Option<&'static str> {
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
