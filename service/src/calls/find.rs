//! Finds a call's row by what a request names it.

use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use super::{
    model::{CallRef, CallRow},
    visible::Visible,
};
use crate::{Callstore, Error, crash};

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

impl Callstore {
    /// Finds a visible call's row.
    pub(crate) async fn find_call<C: ConnectionTrait>(&self, connection: &C, call: &CallRef) -> Result<CallRow, Error> {
        find(connection, call).await
    }

    /// Finds a visible call's row and keeps the snapshot in which it was found. Read the rest of a response from that
    /// snapshot: between separate reads the call may end and lose its chunks, or be deleted.
    pub(crate) async fn snapshot_of(&self, call: &CallRef) -> Result<(DatabaseTransaction, CallRow), Error> {
        let snapshot = self.0.database.snapshot().await?;
        let call = find(&snapshot, call).await?;
        crash::hold("call.read").await;
        Ok((snapshot, call))
    }
}
