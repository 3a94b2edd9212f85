//! Finds a call's row by what a request names it.
//!
//! Every operation on a call begins here or in [`Batch::call`](crate::writer::Batch::call), which asks here; so unknown
//! and deleted calls are refused in one place.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{
    model::{CallRef, CallRow},
    visible::Visible,
};
use crate::Error;

/// Finds a visible call's row. An id takes precedence over a `streamSid` that looks like one.
pub(crate) async fn find<C: ConnectionTrait>(connection: &C, call: &CallRef) -> Result<CallRow, Error> {
    use entity::call::{Column, Entity};
    if let Some(id) = call.id()
        && let Some(found) = Entity::find_by_id(id).visible().one(connection).await?
    {
        return Ok(found);
    }
    let found = Entity::find().visible().filter(Column::StreamSid.eq(call.stream_sid())).one(connection).await?;
    found.ok_or(Error::CallNotFound)
}
