//! Phone calls as a carrier reports them, apart from its media streams.
//!
//! A report comes over HTTP and may overtake the audio, which comes over a socket. So the end of a phone call first
//! asks the socket to store what it has, and waits for that. On another node the socket cannot be asked; its carrier
//! sends `stop` there, and this node waits for the row to say so.

use std::time::Duration;

use entity::call::{Column, Entity};
use futures_util::FutureExt;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    TryIntoModel,
};
use uuid::Uuid;

use super::{CallRef, CallRow, Direction, EndReason, Status, UNKNOWN_CALLER, Visible, end::End, find, part::Calls};
use crate::{
    Author, Error, Idempotency, Private, Timestamp, limits::JSON_MAX_BYTES, metadata::add_custom_field, outbox::Cause,
    writer::Batch,
};

/// How long a socket may take to store its last audio after the phone call has ended.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often to check whether another node's socket has done so.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A carrier's report on a phone call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneCall {
    /// The carrier's id of the phone call, already validated.
    pub call_sid: String,
    /// One of its media streams, already validated.
    pub stream_sid: Option<String>,
    /// Who called.
    pub caller: Option<Private>,
    /// Who was called.
    pub callee: Option<Private>,
    /// Direction of the phone call.
    pub direction: Option<Direction>,
    /// Whether the phone call is over.
    pub over: bool,
}

impl Calls {
    /// Adds what the report knows and the call lacks. If the phone call is over, ends the call once its last audio is
    /// stored. Reports on unknown phone calls are ignored.
    ///
    /// # Errors
    /// `CallNotAllowed`, `IdempotencyKeyReused`, or a failing database.
    pub async fn note_phone_call(
        &self,
        phone: PhoneCall,
        author: Author,
        idempotency: Option<&Idempotency>,
    ) -> Result<(), Error> {
        let about = call_of(self.core.database.readers(), &phone).await?.map(|call| CallRef::of(call.id));
        let (core, over, idempotency) = (self.core.clone(), phone.over, idempotency.cloned());
        let noted = self.core.write(about.as_ref(), JSON_MAX_BYTES, move |batch| {
            async move {
                if let Some(before) = batch.recall(idempotency.as_ref()).await? {
                    return Ok(before);
                }
                let call = call_of(batch.transaction(), &phone).await?;
                let id = call.as_ref().map(|call| call.id);
                if let Some(call) = call {
                    author.check(call.id, call.owner_id)?;
                    add_to_call(core.now(), batch, call, phone, &author).await?;
                }
                batch.record(idempotency.as_ref(), id, &id)?;
                Ok(id)
            }
            .boxed()
        });
        match noted.await? {
            Some(call) if over => self.hang_up(call).await,
            _ => Ok(()),
        }
    }

    /// Ends a call whose phone call is over, if it is still active.
    ///
    /// Whoever ends the call first does it; the other one changes nothing. A socket that hangs delays the end by
    /// [`PATIENCE`], and loses what it stores after that.
    async fn hang_up(&self, call: Uuid) -> Result<(), Error> {
        // The socket ends the call itself, unless it hangs.
        if let Some(stored) = self.sockets.hang_up(call) {
            let _ = tokio::time::timeout(PATIENCE, stored.cancelled()).await;
        } else if self.core.database.storage().has_other_nodes() {
            // The socket may be on another node, which gets the carrier's `stop` there.
            let _ = tokio::time::timeout(PATIENCE, self.await_stop(call)).await;
        }
        let end = End { reason: EndReason::StreamStop, time: None };
        let decide = move |stored: &CallRow, _: &mut _| (stored.status == Status::Active).then_some(end);
        match self.begin_end(&CallRef::of(call), decide).await {
            Ok(ended) if ended.status == Status::Finalizing => drop(self.finalizer.start(ended.id)),
            Ok(_) | Err(Error::CallNotFound) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Waits until a call has ended or has no open socket.
    async fn await_stop(&self, call: Uuid) -> Result<(), Error> {
        let has_socket = Entity::find_by_id(call).filter(Column::Status.eq(Status::Active));
        let has_socket = has_socket.filter(Column::LastWriteAt.is_not_null()).filter(Column::DisconnectedAt.is_null());
        while has_socket.clone().one(self.core.database.readers()).await?.is_some() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}

/// Fills in the call's missing fields. This does not count as activity of its stream.
///
/// What a client has set stays: a report fills gaps and overwrites nothing.
async fn add_to_call(
    now: Timestamp,
    batch: &mut Batch,
    call: CallRow,
    phone: PhoneCall,
    author: &Author,
) -> Result<(), Error> {
    let (id, transaction) = (call.id, batch.transaction());
    let (mut causes, mut fields) = (Vec::new(), Vec::new());
    let lacks = (call.call_sid.is_none(), call.caller.expose() == UNKNOWN_CALLER, call.direction.is_none());
    let mut row = call.into_active_model();
    if lacks.0 {
        row.call_sid = Set(Some(phone.call_sid));
        fields.push("callSid");
    }
    if let (true, Some(caller)) = (lacks.1, phone.caller) {
        row.caller = Set(caller);
        fields.push("caller");
    }
    if let (true, Some(direction)) = (lacks.2, phone.direction) {
        row.direction = Set(Some(direction));
        fields.push("direction");
    }
    if row.is_changed() {
        row.updated_at = Set(now);
        let changed = row.update(transaction).await?.try_into_model()?;
        causes.push(Cause::call_updated(&changed, &fields));
    }
    if let Some(callee) = phone.callee
        && add_custom_field(transaction, id, ("callee", callee), author, now).await?
    {
        causes.push(Cause::metadata_updated(id, false));
    }
    causes.into_iter().for_each(|cause| batch.state().tell(cause, now));
    Ok(())
}

/// The call with the phone call's id, or else its stream's call if that has no `callSid` yet.
async fn call_of(connection: &impl ConnectionTrait, phone: &PhoneCall) -> Result<Option<CallRow>, Error> {
    let named = Entity::find().visible().filter(Column::CallSid.eq(&phone.call_sid));
    if let Some(call) = named.one(connection).await? {
        return Ok(Some(call));
    }
    let Some(stream_sid) = &phone.stream_sid else { return Ok(None) };
    match find(connection, &CallRef::by_stream_sid(stream_sid)).await {
        Ok(call) => Ok(Some(call).filter(|call| call.call_sid.is_none())),
        Err(Error::CallNotFound) => Ok(None),
        Err(error) => Err(error),
    }
}
