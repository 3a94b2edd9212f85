//! Publishes a call's outcome: recording, computed analytics, track summaries and status, in one transaction.
//!
//! All of it depends on the status `finalizing`, which an update of the call's row both checks and ends. If two nodes
//! complete the same call, one updates the row, and the other changes nothing. The recording's row, the summaries and
//! the status become visible together, so no reader finds a completed call without its recording.
//!
//! In one transaction: the recording's row, the hashes of its blocks, its computed analytics, the summary of each
//! track, the status, and the events that tell them. The file is already published and synced when it begins. A crash
//! before the commit leaves a file that the next attempt replaces, and a call that is still `finalizing`.

use entity::{
    call, call_track, computed_analytics,
    recording::{ActiveModel, Entity},
    recording_check,
};
use futures_util::FutureExt;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, sea_query::OnConflict,
};
use uuid::Uuid;

use super::{
    part::Finalizer,
    plan::{Plan, TrackPlan},
    render::{RECORDING_RATE, RenderedFile},
};
use crate::{
    Error,
    calls::{CallRef, CallRow, Status, Visible, samples_to_seconds},
    chunks::track_name,
    computed::{self, Heard},
    core::Core,
    outbox::Cause,
    recordings::Gaps,
    store::Store,
};

impl Finalizer {
    /// Inserts the recording with its analytics and completes the call. If the call was deleted meanwhile, its file is
    /// removed; if another node has completed it, nothing changes.
    ///
    /// Metrics and the log line follow the commit; a completion that was not ours has neither.
    ///
    /// Without a file the call had no audio: it is completed with no recording, which is no failure.
    ///
    /// # Errors
    /// A failing database; the caller tries again with the same plan and file.
    pub(super) async fn complete(&self, call: &CallRow, plan: Plan, file: Option<RenderedFile>) -> Result<(), Error> {
        let (core, id) = (self.core.clone(), call.id);
        let size_bytes = file.as_ref().map(|file| file.size_bytes);
        let about = CallRef::of(id);
        let completed = self.core.write(Some(&about), 0, move |batch| {
            async move {
                let transaction = batch.transaction();
                if !leave_finalizing(&core, transaction, id, None).await? {
                    return batch.call(&CallRef::of(id)).await.map(|_| None);
                }
                let duplicates = count_duplicates(transaction, id).await?;
                let recording = file.is_some().then(|| core.ids.next());
                let heard = if let Some((file, recording)) = file.zip(recording) {
                    let check = recording_check::ActiveModel {
                        recording_id: Set(recording),
                        block_hashes: Set(file.block_hashes.clone()),
                        checked_at: Set(core.now()),
                    };
                    let computed = computed::row(&file.heard, id, recording, file.frames, core.now());
                    let (row, heard) = recording_row(&core, recording, id, &plan, file, duplicates);
                    Entity::insert(row).exec_without_returning(transaction).await?;
                    recording_check::Entity::insert(check).exec_without_returning(transaction).await?;
                    computed_analytics::Entity::insert(computed).exec_without_returning(transaction).await?;
                    Some(heard)
                } else {
                    None
                };
                keep_summaries(transaction, id, &plan.tracks).await?;
                if let Some(recording) = recording {
                    batch.state().tell(Cause::recording_ready(id, recording), core.now());
                    batch.state().tell(Cause::analytics_computed(id, recording), core.now());
                }
                batch.state().tell(Cause::call_completed(id, recording), core.now());
                Ok(Some((plan, heard)))
            }
            .boxed()
        });
        match completed.await {
            Ok(Some((plan, heard))) => {
                measure(&plan, size_bytes);
                if let Some(heard) = &heard {
                    computed::measure(heard);
                }
                match size_bytes {
                    Some(bytes) => tracing::info!(call = %id, bytes, seconds = plan.seconds(), "A call was recorded."),
                    None => tracing::info!(call = %id, "A call without audio was completed."),
                }
            }
            Ok(None) => {}
            Err(Error::CallNotFound) => {
                // Deleting a call removes its file too. This covers a file that was published after that.
                let _ = self.core.store.remove_call(id).await;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Marks a call as failed. Its chunks are kept, so that ending it again can retry.
    ///
    /// The pair is the code and the sentence that clients see; what went wrong in detail is in the log only.
    pub(super) async fn fail(&self, call: Uuid, why: (&'static str, &'static str)) -> Result<(), Error> {
        let core = self.core.clone();
        let about = CallRef::of(call);
        let failed = self.core.write(Some(&about), 0, move |batch| {
            async move {
                let failed = leave_finalizing(&core, batch.transaction(), call, Some(why)).await?;
                if failed {
                    batch.state().tell(Cause::call_failed(call, why.0), core.now());
                }
                Ok(failed)
            }
            .boxed()
        });
        if failed.await? {
            count_outcome("failed");
            // They may have been published before the recording failed. The next attempt replaces what stays.
            let _ = self.core.store.remove(&Store::peaks_path(call)).await;
        }
        Ok(())
    }
}

/// Completes a call, or fails it. Returns false if it is no longer `finalizing`.
///
/// Also false for a call that was deleted, since those are not visible. A failure that is there from an earlier attempt
/// is cleared by a completion.
async fn leave_finalizing(
    core: &Core,
    transaction: &DatabaseTransaction,
    call: Uuid,
    failure: Option<(&'static str, &'static str)>,
) -> Result<bool, DbErr> {
    use call::Column;
    let change = call::ActiveModel {
        status: Set(if failure.is_some() { Status::Failed } else { Status::Completed }),
        failure_code: Set(failure.map(|(code, _)| code.to_owned())),
        failure_detail: Set(failure.map(|(_, detail)| detail.to_owned())),
        updated_at: Set(core.now()),
        ..Default::default()
    };
    let changed = call::Entity::update_many()
        .set(change)
        .visible()
        .filter(Column::Id.eq(call))
        .filter(Column::Status.eq(Status::Finalizing))
        .exec(transaction)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// The row has what a list shows, so that a list needs no look into the file. Of the file remains what was heard.
///
/// Gaps and overlaps are stored with the recording, because they say how far it can be trusted, and the chunks from
/// which they follow are deleted.
fn recording_row(
    core: &Core,
    id: Uuid,
    call: Uuid,
    plan: &Plan,
    file: RenderedFile,
    duplicates: i64,
) -> (ActiveModel, Heard) {
    let gaps = plan.tracks.iter().flat_map(|track| &track.gaps).copied();
    // Cannot saturate: a WAV file is smaller than 4 GiB.
    let integer = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let row = ActiveModel {
        id: Set(id),
        call_id: Set(call),
        file_path: Set(file.file_path),
        sample_rate: Set(i32::try_from(RECORDING_RATE).unwrap_or(i32::MAX)),
        channels: Set(if file.channels == 2 { 2 } else { 1 }),
        frames: Set(integer(file.frames)),
        size_bytes: Set(integer(file.size_bytes)),
        sha256: Set(file.sha256),
        gaps: Set(Gaps::pack(gaps)),
        overlap_seconds: Set(plan.tracks.iter().map(|track| track.overlap_seconds).sum()),
        duplicates: Set(duplicates),
        created_at: Set(core.now()),
    };
    (row, file.heard)
}

/// Stores each track's summary, because the chunks it is computed from will be deleted.
///
/// A track that has had duplicates has a row already; its count stays.
async fn keep_summaries(transaction: &DatabaseTransaction, call: Uuid, tracks: &[TrackPlan]) -> Result<(), Error> {
    for track in tracks {
        let summary = serde_json::to_value(&track.summary).map_err(|_| Error::Damaged("a track's summary"))?;
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

/// The number of duplicate chunks over all tracks of a call.
async fn count_duplicates(transaction: &DatabaseTransaction, call: Uuid) -> Result<i64, DbErr> {
    use call_track::{Column, Entity};
    let tracks = Entity::find().filter(Column::CallId.eq(call)).all(transaction).await?;
    Ok(tracks.iter().map(|track| track.duplicates).sum())
}

/// Records the metrics of a completed call. `size_bytes` is the size of its recording, if it has one.
fn measure(plan: &Plan, size_bytes: Option<u64>) {
    count_outcome(if size_bytes.is_some() { "completed" } else { "no_audio" });
    metrics::counter!("callstore_recording_bytes_total").increment(size_bytes.unwrap_or(0));
    for track in &plan.tracks {
        let name = track_name(track.track);
        let length = samples_to_seconds(track.length, plan.format.sample_rate_hz);
        metrics::histogram!("callstore_track_seconds", "track" => name).record(length);
        let gaps = metrics::histogram!("callstore_gap_seconds", "track" => name);
        track.gaps.iter().for_each(|gap| gaps.record(gap.end - gap.start));
    }
}

fn count_outcome(outcome: &'static str) {
    metrics::counter!("callstore_recordings_total", "outcome" => outcome).increment(1);
}
