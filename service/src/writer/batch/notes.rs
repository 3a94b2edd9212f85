//! What is noted of a call beside what is written to it: its last write, and whether its sockets are gone.

use entity::call;
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::Batch;
use crate::{
    Timestamp,
    calls::{Call, Status},
};

impl Batch {
    /// Notes that something was written to a call that takes chunks. Audio begins the watch over a call; other writes only
    /// keep it from being taken for idle. The row is updated once in `every_ms`.
    pub fn note_write(&mut self, call: Uuid, audio: bool, now: Timestamp, every_ms: i64) {
        let Some(live) = self.live.get(call) else { return };
        if live.last_write_at.is_none() && !audio {
            return;
        }
        live.last_write_at = Some(now);
        let noted = live.noted_at.is_some_and(|before| now.0 - before.0 < every_ms);
        if live.disconnected_at.take().is_some() || !noted {
            live.noted_at = Some(now);
            self.written.insert(call);
            self.written_at = Ord::max(self.written_at, now);
        }
    }

    /// Notes that a socket is open on a call; false where the call takes no chunks.
    pub async fn note_open(&mut self, call: Uuid, now: Timestamp) -> Result<bool, DbErr> {
        let change =
            call::ActiveModel { last_write_at: Set(Some(now)), disconnected_at: Set(None), ..Default::default() };
        if let Some(live) = self.live.get(call) {
            (live.last_write_at, live.noted_at, live.disconnected_at) = (Some(now), Some(now), None);
        }
        self.change_active(call, change).await
    }

    /// Notes that no socket is open on a call any more, after all that was written to it before.
    pub async fn note_disconnect(&mut self, call: Uuid, now: Timestamp) -> Result<(), DbErr> {
        let mut change = call::ActiveModel { disconnected_at: Set(Some(now)), ..Default::default() };
        if self.written.remove(&call) {
            change.last_write_at = Set(Some(self.written_at));
        }
        if let Some(live) = self.live.get(call) {
            live.disconnected_at = Some(now);
        }
        self.change_active(call, change).await.map(drop)
    }

    async fn change_active(&self, call: Uuid, change: call::ActiveModel) -> Result<bool, DbErr> {
        use call::{Column, Entity};
        let active = Entity::update_many().set(change).filter(Column::Id.eq(call));
        let active = active.filter(Column::Status.eq(Status::Active)).filter(Column::DeletedAt.is_null());
        Ok(active.exec(&self.transaction).await?.rows_affected > 0)
    }

    /// A call as it will be once this transaction is done, as far as its last write is concerned.
    pub fn as_written(&mut self, mut call: Call) -> Call {
        if let Some(live) = self.live.get(call.id) {
            call.last_write_at = live.last_write_at;
            call.disconnected_at = live.disconnected_at;
        }
        call
    }
}
