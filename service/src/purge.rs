//! Deletes rows in slices, so that no other write waits for millions of them.
//!
//! A transaction that deletes for seconds would make every request wait, since there is one writer. A slice takes
//! milliseconds, and other writes go between two slices.
//!
//! Both kinds of removal can be repeated from the start at any time. A deleted call is invisible from the moment its
//! row says so, long before its rows are gone; the call's row goes last, so that a crash leaves something that names
//! the rest. A call's file goes first: recordings are what takes room, and what people want gone.

use entity::{
    analytics, audio_chunk, call, call_event, call_track::Track, delivery, idempotency_key, outbox, stream_token,
    transcript,
};
use futures_util::FutureExt;
use sea_orm::{
    ActiveEnum, ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, Iterable, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use uuid::Uuid;

use crate::{
    Error, Timestamp,
    calls::{Status, Visible},
    core::Core,
    finalizer::Jobs,
    policy::{TOKEN_LIFETIME, milliseconds},
    stats::Slots,
};

/// Rows deleted per transaction.
const SLICE: u64 = 500;

/// Removes deleted calls, and the chunks of finished recordings.
#[derive(Clone)]
pub(crate) struct Purge {
    core: Core,
    /// A call is removed once its running job is done.
    jobs: Jobs,
    /// A call is removed from the statistics before its row goes.
    pub slots: Slots,
}

impl Purge {
    pub(crate) fn new(core: Core, jobs: Jobs, slots: Slots) -> Self {
        Self { core, jobs, slots }
    }

    /// Removes a deleted call in the background, once a job that finalizes it has ended.
    ///
    /// The job must end first: it could publish a file after this has removed it. A job that starts later finds no
    /// visible call.
    pub(crate) fn spawn_call(&self, call: Uuid) {
        let this = self.clone();
        self.core.background.spawn(async move {
            let finalizing = this.jobs.running(call);
            if let Some(finalizing) = finalizing {
                finalizing.finished().await;
            }
            this.core
                .background
                .until_done("A deleted call could not be removed yet.", || this.remove_call(call))
                .await;
        });
    }

    /// Deletes the chunks of a completed call in the background.
    ///
    /// Nobody waits for it. Until it is done the chunks cost space and nothing else: a completed call's status comes
    /// from its summaries.
    pub(crate) fn spawn_chunks(&self, call: Uuid) {
        let this = self.clone();
        self.core.background.spawn(async move {
            let what = "The chunks of a finished recording could not be removed yet.";
            this.core.background.until_done(what, || this.remove_chunks(call)).await;
        });
    }

    /// Resumes the removals that the last run did not finish.
    ///
    /// Called at the start, and once a minute on several nodes, for the work of nodes that have died. Removing what
    /// another node removes as well does no harm.
    pub(crate) async fn resume(&self) -> Result<(), Error> {
        let readers = self.core.database.readers();
        let deleted: Vec<Uuid> = call::Entity::find()
            .select_only()
            .column(call::Column::Id)
            .filter(call::Column::DeletedAt.is_not_null())
            .into_tuple()
            .all(readers)
            .await?;
        for call in deleted {
            self.spawn_call(call);
        }
        // Skips from call to call by key, so the number of lookups is that of calls with chunks, not of chunks.
        let mut after = Uuid::nil();
        while let Some(call) = self.next_call_with_chunks(after).await? {
            let completed = call::Entity::find_by_id(call).visible().filter(call::Column::Status.eq(Status::Completed));
            if completed.one(readers).await?.is_some() {
                self.spawn_chunks(call);
            }
            after = call;
        }
        Ok(())
    }

    /// One seek in the index, whatever the number of chunks that the call before has.
    async fn next_call_with_chunks(&self, after: Uuid) -> Result<Option<Uuid>, DbErr> {
        use audio_chunk::{Column, Entity};
        Entity::find()
            .select_only()
            .column(Column::CallId)
            .filter(Column::CallId.gt(after))
            .order_by_asc(Column::CallId)
            .limit(1)
            .into_tuple()
            .one(self.core.database.readers())
            .await
    }

    /// Tables with at most one row per call are not here: their rows go with the call's, by the foreign key.
    async fn remove_call(&self, call: Uuid) -> Result<(), Error> {
        self.core.store.remove_call(call).await?;
        self.remove_chunks(call).await?;
        {
            use transcript::{Column, Entity};
            let rows = || Entity::find().select_only().column(Column::Id).filter(Column::CallId.eq(call));
            while self.delete(by_id(Column::Id, rows().limit(SLICE))).await? == SLICE {}
        }
        {
            use analytics::{Column, Entity};
            let rows = || Entity::find().select_only().column(Column::Id).filter(Column::CallId.eq(call));
            while self.delete(by_id(Column::Id, rows().limit(SLICE))).await? == SLICE {}
        }
        {
            use call_event::{Column, Entity};
            let rows = || Entity::find().select_only().column(Column::Id).filter(Column::CallId.eq(call));
            while self.delete(by_id(Column::Id, rows().limit(SLICE))).await? == SLICE {}
        }
        {
            use outbox::{Column, Entity, Kind};
            let rows = || Entity::find().select_only().column(Column::Position).filter(Column::CallId.eq(call));
            let rows = || rows().filter(Column::Kind.ne(Kind::CallDeleted)).limit(SLICE);
            while self.delete(by_id(Column::Position, rows())).await? == SLICE {}
        }
        {
            use delivery::{Column, Entity};
            use outbox::Kind;
            let rows = || Entity::find().select_only().column(Column::Id).filter(Column::CallId.eq(call));
            let rows = || rows().filter(Column::Kind.ne(Kind::CallDeleted)).limit(SLICE);
            while self.delete(by_id(Column::Id, rows())).await? == SLICE {}
        }
        {
            use idempotency_key::{Column, Entity};
            let rows = || Entity::find().select_only().column(Column::Id).filter(Column::CallId.eq(call));
            let erase = || erase_outcomes().filter(Column::Id.in_subquery(rows().limit(SLICE).into_query()));
            while self.update(erase()).await? == SLICE {}
        }
        self.update(erase_tokens(self.core.now()).filter(stream_token::Column::CallId.eq(call))).await?;
        let start = call::Entity::find_by_id(call).select_only().column(call::Column::StartTime).into_tuple();
        if let Some(start) = start.one(self.core.database.readers()).await? {
            self.slots.forget_deleted(start).await?;
        }
        let row = call::Entity::delete_many().filter(call::Column::Id.eq(call));
        self.delete(row).await?;
        self.core.note_deleted();
        Ok(())
    }

    /// Deletes slices of both tracks together, because their rows are stored side by side.
    async fn remove_chunks(&self, call: Uuid) -> Result<(), Error> {
        use audio_chunk::{Column, Entity};
        loop {
            let mut until: Option<i32> = None;
            for track in Track::iter() {
                let last: Option<i32> = Entity::find()
                    .filter(Column::CallId.eq(call))
                    .filter(Column::Track.eq(track.to_value()))
                    .select_only()
                    .column(Column::FirstSequence)
                    .order_by_asc(Column::FirstSequence)
                    .offset(SLICE / 2 - 1)
                    .limit(1)
                    .into_tuple()
                    .one(self.core.database.readers())
                    .await?;
                until = until.into_iter().chain(last).min();
            }
            let slice = Entity::delete_many()
                .filter(Column::CallId.eq(call))
                .filter(Column::Track.is_in(Track::iter().map(|track| track.to_value())))
                .filter(Column::FirstSequence.lte(until.unwrap_or(i32::MAX)));
            self.delete(slice).await?;
            if until.is_none() {
                return Ok(());
            }
        }
    }

    /// Runs one update in its own transaction.
    async fn update<E: EntityTrait>(&self, update: sea_orm::UpdateMany<E>) -> Result<u64, Error> {
        self.core
            .write(None, 0, move |batch| {
                async move { Ok(update.exec(batch.transaction()).await?.rows_affected) }.boxed()
            })
            .await
    }

    /// Runs one delete in its own transaction.
    ///
    /// Goes through the queue of the writer like every write, and therefore waits its turn behind requests.
    async fn delete<E: EntityTrait>(&self, delete: sea_orm::DeleteMany<E>) -> Result<u64, Error> {
        self.core
            .write(None, 0, move |batch| {
                async move { Ok(delete.exec(batch.transaction()).await?.rows_affected) }.boxed()
            })
            .await
    }
}

/// Deletes the rows whose ids a query selects.
fn by_id<E: EntityTrait>(id: E::Column, rows: sea_orm::Select<E>) -> sea_orm::DeleteMany<E> {
    E::delete_many().filter(id.in_subquery(rows.into_query()))
}

/// Makes used tokens name neither stream nor call. A row then only keeps its token from being used anew, until that has
/// expired.
fn erase_tokens(now: Timestamp) -> sea_orm::UpdateMany<stream_token::Entity> {
    use stream_token::{ActiveModel, Entity};
    let forget_at = Timestamp(now.0.saturating_add(milliseconds(TOKEN_LIFETIME)));
    let erased = ActiveModel {
        stream_sid: Set(String::new()),
        forget_at: Set(forget_at),
        call_id: Set(None),
        ..Default::default()
    };
    Entity::update_many().set(erased)
}

/// Deletes what is stored of requests about a call. The rows stay until their time is over, without naming the call.
fn erase_outcomes() -> sea_orm::UpdateMany<idempotency_key::Entity> {
    use idempotency_key::{ActiveModel, Entity};
    let erased = ActiveModel {
        fingerprint: Set(Vec::new()),
        outcome: Set(Vec::new()),
        call_id: Set(None),
        ..Default::default()
    };
    Entity::update_many().set(erased)
}
