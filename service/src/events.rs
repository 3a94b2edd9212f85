//! Events: what a media stream told beside audio.

use entity::call_event::{ActiveModel, Column, Entity};
use futures_util::FutureExt;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

pub use entity::call_event::{EventType, Model as CallEvent};

use crate::{Callstore, Error, Page, Private, Slice, Track, calls::CallRef};

/// An event as it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// What happened.
    pub event_type: EventType,
    /// On whose side, where the event says so.
    pub track: Option<Track>,
    /// The key, up to 16 characters.
    pub digit: Option<Private>,
    /// The mark's name, up to 256 characters.
    pub name: Option<String>,
}

impl Callstore {
    /// Keeps an event that came at a place of the call.
    pub(crate) async fn add_event(&self, call: Uuid, event: NewEvent, position_ms: u32) -> Result<(), Error> {
        let this = self.clone();
        let row = ActiveModel {
            id: Set(self.0.ids.next()),
            call_id: Set(call),
            event_type: Set(event.event_type),
            track: Set(event.track),
            digit: Set(event.digit),
            name: Set(event.name),
            position_ms: Set(i32::try_from(position_ms).unwrap_or(i32::MAX)),
            created_at: Set(self.now()),
        };
        let call = CallRef::of(call);
        self.write_to(&call.clone(), 0, move |batch| {
            async move {
                // A call that is gone would fail the writes of others.
                let call = batch.call_id(&call).await?;
                Entity::insert(row).exec_without_returning(batch.transaction()).await?;
                this.note_write(batch.state(), call);
                Ok(())
            }
            .boxed()
        })
        .await
    }

    /// A call's events, in the order of their arrival.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn list_events(&self, call: &CallRef, page: Page) -> Result<Slice<CallEvent>, Error> {
        let (snapshot, call) = self.snapshot_of(call).await?;
        Ok(Slice::cut(select(call.id, page).all(&snapshot).await?, page.limit))
    }
}

fn select(call: Uuid, page: Page) -> sea_orm::Select<Entity> {
    let rows = Entity::find().filter(Column::CallId.eq(call)).order_by_asc(Column::Id);
    rows.offset(page.offset).limit(page.limit + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::{database, in_index_order, plan};

    #[tokio::test]
    async fn events_are_read_in_the_order_of_an_index() {
        let (database, _folder) = database().await;
        let plan = plan(&database, select(Uuid::nil(), Page { limit: 50, offset: 10 })).await;
        assert!(in_index_order(&plan), "{plan:#?}");
    }
}
