//! Notes on a call's activity: the time of its last write, and whether its sockets are gone.
//!
//! A call's row is updated at intervals only, while chunks arrive fifty times a second. These notes therefore have two
//! homes: the cache has the exact time, the row one that is a little older. What must not be late is written here at
//! once: that a socket has opened, which keeps a call from ending, and that the last one has closed, which starts the
//! wait for its return.

use entity::call;
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::Batch;
use crate::{
    Timestamp,
    calls::{CallRow, Status, Visible},
};

impl Batch {
    /// Notes that a socket is open on a call. Returns false if the call is not active.
    pub(crate) async fn note_open(&mut self, call: Uuid, now: Timestamp) -> Result<bool, DbErr> {
        let change =
            call::ActiveModel { last_write_at: Set(Some(now)), disconnected_at: Set(None), ..Default::default() };
        let is_active = self.change_active(call, change).await?;
        if let Some(cached) = self.state.cache.get(call) {
            (cached.last_write_at, cached.noted_at, cached.disconnected_at) = (Some(now), Some(now), None);
        }
        Ok(is_active)
    }

    /// Notes that a call's last socket has closed. Notes of earlier writes are included, so that they cannot clear it
    /// later. Returns false if the call is not active.
    pub(crate) async fn note_disconnect(&mut self, call: Uuid, now: Timestamp) -> Result<bool, DbErr> {
        let mut change = call::ActiveModel { disconnected_at: Set(Some(now)), ..Default::default() };
        if self.state.set.written.contains(&call) {
            change.last_write_at = Set(self.state.set.written_at);
        }
        let is_active = self.change_active(call, change).await?;
        self.state.set.written.remove(&call);
        if let Some(cached) = self.state.cache.get(call) {
            cached.disconnected_at = Some(now);
        }
        Ok(is_active)
    }

    async fn change_active(&self, call: Uuid, change: call::ActiveModel) -> Result<bool, DbErr> {
        use call::{Column, Entity};
        let active = Entity::update_many().set(change).visible().filter(Column::Id.eq(call));
        let active = active.filter(Column::Status.eq(Status::Active));
        Ok(active.exec(&self.transaction).await?.rows_affected > 0)
    }

    /// A call with the write and disconnect times that it will have after this transaction.
    pub(crate) fn as_written(&mut self, mut call: CallRow) -> CallRow {
        if let Some(cached) = self.state.cache.get(call.id) {
            call.last_write_at = cached.last_write_at;
            call.disconnected_at = cached.disconnected_at;
        }
        call
    }
}
