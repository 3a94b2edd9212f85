//! Lists a call's transcripts.
//!
//! Transcripts without a time come last, in the order of arrival. They are read in the order of an index, so a page
//! costs what it returns; an offset costs what it skips.

use entity::transcript::{Column, Entity};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect,
    sea_query::NullOrdering,
};
use uuid::Uuid;

use super::{ListTranscripts, Transcript, Transcripts};
use crate::{Error, Slice, calls::CallRef, crash};

impl Transcripts {
    /// A call's transcripts in order of their start times; those without one come last, in order of arrival.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn list(&self, call: &CallRef, list: &ListTranscripts) -> Result<Slice<Transcript>, Error> {
        let (snapshot, call) = self.core.snapshot_of(call).await?;
        Ok(transcripts_of(&snapshot, call.id, list).await?)
    }

    /// Passes all of a call's transcripts from the offset of `list` on to `take`, in order and as of one moment, until
    /// it returns `false`. They are read in slices of the size of the page.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn each(
        &self,
        call: &CallRef,
        mut list: ListTranscripts,
        mut take: impl FnMut(&Transcript) -> bool,
    ) -> Result<(), Error> {
        let (snapshot, call) = self.core.snapshot_of(call).await?;
        loop {
            let found = transcripts_of(&snapshot, call.id, &list).await?;
            if !found.items.iter().all(&mut take) || !found.has_more {
                return Ok(());
            }
            crash::hold("transcripts.slice").await;
            list.page.offset += list.page.limit;
        }
    }
}

/// A part of a call's transcripts, by the call's id.
pub(crate) async fn transcripts_of(
    connection: &impl ConnectionTrait,
    call: Uuid,
    list: &ListTranscripts,
) -> Result<Slice<Transcript>, DbErr> {
    let rows = select(call, list).all(connection).await?;
    Ok(Slice::cut(rows, list.page.limit))
}

fn select(call: Uuid, list: &ListTranscripts) -> sea_orm::Select<Entity> {
    let mut rows = Entity::find().filter(Column::CallId.eq(call));
    if let Some(speaker) = &list.speaker {
        rows = rows.filter(Column::Speaker.eq(speaker.expose()));
    }
    if let Some(track) = list.track {
        rows = rows.filter(Column::Track.eq(track));
    }
    if let Some(kind) = list.kind {
        rows = rows.filter(Column::Kind.eq(kind));
    }
    if let Some(is_final) = list.is_final {
        rows = rows.filter(Column::IsFinal.eq(is_final));
    }
    rows.order_by_with_nulls(Column::StartTime, Order::Asc, NullOrdering::Last)
        .order_by_asc(Column::Id)
        .offset(list.page.offset)
        .limit(list.page.limit + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Page, Track, TranscriptKind,
        plans::{database, in_index_order, plan},
    };

    #[tokio::test]
    async fn transcripts_are_read_in_the_order_of_an_index() {
        let (database, _folder) = database().await;
        let all = ListTranscripts::all(Page { limit: 50, offset: 10 });
        let filtered = ListTranscripts {
            track: Some(Track::Inbound),
            kind: Some(TranscriptKind::Speech),
            is_final: Some(true),
            ..all.clone()
        };
        for list in [all, filtered] {
            for speaker in [None, Some("agent".into())] {
                let list = ListTranscripts { speaker, ..list.clone() };
                let plan = plan(&database, select(Uuid::nil(), &list)).await;
                assert!(in_index_order(&plan), "{plan:#?}");
            }
        }
    }
}
