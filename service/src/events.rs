//! Events of media streams other than audio: DTMF digits and marks.
//!
//! An event has no position of its own in the carrier's messages; it gets that of the audio before it. Events of a call
//! are few, so they are plain writes.

use entity::call_event::{ActiveModel, Column, Entity, Model};
use futures_util::FutureExt;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

pub use entity::call_event::EventType;

use crate::{Error, Page, Private, Slice, Timestamp, Track, calls::CallRef, core::Core};

/// An event of a call's media stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallEvent {
    /// UUIDv7, in order of arrival.
    pub id: Uuid,
    /// The call's id.
    pub call_id: Uuid,
    /// Type of event.
    pub event_type: EventType,
    /// The side it came from, if the event says so.
    pub track: Option<Track>,
    /// The telephone key of a DTMF event.
    pub digit: Option<Private>,
    /// The name of a mark.
    pub name: Option<String>,
    /// The latest media timestamp received before the event, in milliseconds; 0 if there was none.
    pub position_ms: u32,
    /// When the event arrived.
    pub created_at: Timestamp,
}

impl From<Model> for CallEvent {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            call_id: row.call_id,
            event_type: row.event_type,
            track: row.track,
            digit: row.digit,
            name: row.name,
            position_ms: row.position_ms.unsigned_abs(),
            created_at: row.created_at,
        }
    }
}

/// A new event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Type of event.
    pub event_type: EventType,
    /// The side it came from, if the event says so.
    pub track: Option<Track>,
    /// The telephone key, up to 16 characters.
    pub digit: Option<Private>,
    /// The mark's name, up to 256 characters.
    pub name: Option<String>,
}

/// Operations on events of media streams.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Author, CallRef, EventType, NewCall, Page};
///
/// let call = callstore.calls.start(NewCall::default(), Author::default(), None).await?.call;
/// let call = CallRef::parse(&call.stream_sid).unwrap();
/// // Only a carrier's stream adds events; see `MediaStream::add_event`.
/// let page = callstore.events.list(&call, Page { limit: 50, offset: 0 }).await?;
/// assert!(page.items.iter().all(|event| event.event_type == EventType::Dtmf));
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Events {
    core: Core,
}

impl Events {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// Stores an event. `position_ms` is its position in the call's audio.
    pub(crate) async fn add(&self, call: Uuid, event: NewEvent, position_ms: u32) -> Result<(), Error> {
        let core = self.core.clone();
        let row = ActiveModel {
            id: Set(self.core.ids.next()),
            call_id: Set(call),
            event_type: Set(event.event_type),
            track: Set(event.track),
            digit: Set(event.digit),
            name: Set(event.name),
            position_ms: Set(i32::try_from(position_ms).unwrap_or(i32::MAX)),
            created_at: Set(self.core.now()),
        };
        let call = CallRef::of(call);
        self.core
            .write(Some(&call.clone()), 0, move |batch| {
                async move {
                    // A deleted call must fail this write alone: the foreign key would refuse the row.
                    let call = batch.call_id(&call).await?;
                    Entity::insert(row).exec_without_returning(batch.transaction()).await?;
                    core.note_write(batch.state(), call);
                    Ok(())
                }
                .boxed()
            })
            .await
    }

    /// A call's events, in order of arrival.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn list(&self, call: &CallRef, page: Page) -> Result<Slice<CallEvent>, Error> {
        let (snapshot, call) = self.core.snapshot_of(call).await?;
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
