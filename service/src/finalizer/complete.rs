//! Making the outcome known: one transaction for the recording, the tracks' summaries and the call.

use entity::{
    call, call_track,
    recording::{ActiveModel, Entity},
};
use futures_util::FutureExt;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, sea_query::OnConflict,
};
use uuid::Uuid;

use super::{plan::Plan, render::RenderedFile};
use crate::{
    Callstore, Error,
    calls::{Call, Status},
    limits::RECORDING_RATE,
    recordings::Gap,
    store::Store,
};

impl Callstore {
    /// Inserts the recording and completes the call. A call that was deleted meanwhile leaves nothing behind.
    pub(super) async fn complete(&self, call: &Call, plan: Plan, file: Option<RenderedFile>) -> Result<(), Error> {
        let (this, id) = (self.clone(), call.id);
        let completed = self.write(0, move |batch| {
            async move {
                let transaction = batch.transaction();
                if !this.leave_finalizing(transaction, id, None).await? {
                    return Ok(false);
                }
                let duplicates = count_duplicates(transaction, id).await?;
                if let Some(file) = file {
                    let row = this.recording(id, &plan, file, duplicates);
                    Entity::insert(row).exec_without_returning(transaction).await?;
                }
                keep_summaries(transaction, id, plan).await?;
                Ok(true)
            }
            .boxed()
        });
        if !completed.await? {
            let (store, id) = (self.0.store.clone(), call.id);
            // Deleting removes the file as well; this is for the one that was published after it had.
            let _ = tokio::task::spawn_blocking(move || store.remove(&Store::file_path(id))).await;
        }
        Ok(())
    }

    /// Marks a call as failed; its chunks stay.
    pub(super) async fn fail(&self, call: Uuid, why: (&'static str, &'static str)) -> Result<(), Error> {
        let this = self.clone();
        self.write(0, move |batch| {
            async move {
                this.leave_finalizing(batch.transaction(), call, Some(why)).await?;
                Ok(())
            }
            .boxed()
        })
        .await
    }

    /// Completes or fails a call; false where it no longer waits for that.
    async fn leave_finalizing(
        &self,
        transaction: &DatabaseTransaction,
        call: Uuid,
        failure: Option<(&'static str, &'static str)>,
    ) -> Result<bool, DbErr> {
        use call::Column;
        let change = call::ActiveModel {
            status: Set(if failure.is_some() { Status::Failed } else { Status::Completed }),
            failure_code: Set(failure.map(|(code, _)| code.to_owned())),
            failure_detail: Set(failure.map(|(_, detail)| detail.to_owned())),
            updated_at: Set(self.now()),
            ..Default::default()
        };
        let changed = call::Entity::update_many()
            .set(change)
            .filter(Column::Id.eq(call))
            .filter(Column::Status.eq(Status::Finalizing))
            .filter(Column::DeletedAt.is_null())
            .exec(transaction)
            .await?;
        Ok(changed.rows_affected == 1)
    }

    fn recording(&self, call: Uuid, plan: &Plan, file: RenderedFile, duplicates: i64) -> ActiveModel {
        let gaps = plan.tracks.iter().flat_map(|track| &track.gaps).copied();
        // A WAV file ends below 4 GiB.
        let integer = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        ActiveModel {
            id: Set(self.0.ids.next()),
            call_id: Set(call),
            file_path: Set(file.file_path),
            sample_rate: Set(i32::try_from(RECORDING_RATE).unwrap_or(i32::MAX)),
            channels: Set(if file.channels == 2 { 2 } else { 1 }),
            frames: Set(integer(file.frames)),
            size_bytes: Set(integer(file.size_bytes)),
            sha256: Set(file.sha256),
            gaps: Set(Gap::pack(gaps)),
            overlap_seconds: Set(plan.tracks.iter().map(|track| track.overlap_seconds).sum()),
            duplicates: Set(duplicates),
            created_at: Set(self.now()),
        }
    }
}

/// Keeps what the tracks' chunks came to, since they go.
async fn keep_summaries(transaction: &DatabaseTransaction, call: Uuid, plan: Plan) -> Result<(), Error> {
    for track in plan.tracks {
        let summary = serde_json::to_value(track.summary).map_err(|_| Error::Damaged("a track's summary"))?;
        let row = call_track::ActiveModel {
            call_id: Set(call),
            track: Set(track.track),
            duplicates: Set(0),
            summary: Set(Some(summary)),
        };
        let keep = OnConflict::columns([call_track::Column::CallId, call_track::Column::Track])
            .update_column(call_track::Column::Summary)
            .to_owned();
        call_track::Entity::insert(row).on_conflict(keep).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// How many chunks of a call came again.
async fn count_duplicates(transaction: &DatabaseTransaction, call: Uuid) -> Result<i64, DbErr> {
    use call_track::{Column, Entity};
    let tracks = Entity::find().filter(Column::CallId.eq(call)).all(transaction).await?;
    Ok(tracks.iter().map(|track| track.duplicates).sum())
}
