//! `callstore analyze`: analyzes recordings that have no analytics yet, or those of another algorithm. A service may
//! run meanwhile.
//!
//! Each recording is a transaction of its own, and what is done is found done by the next run. So a run may be killed
//! at any time, and two runs at a time do no harm.
//!
//! A recording counts as analyzed if its row names the current algorithm. An upgrade that brings a better one therefore
//! selects all recordings again, and old figures stay until the new ones replace them in one transaction.

use audio::{
    number::{index, wide},
    speech::Algorithm,
    wav,
};
use entity::{call, call_track, computed_analytics, recording};
use futures_util::{StreamExt, stream};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::OnConflict,
};
use uuid::Uuid;

use super::{Heard, Listener, Tracks, row::row};
use crate::{
    Clock, Database, Error, Store, Timestamp,
    calls::{CallRef, Visible, find},
    copy::CopyProgress,
    crash,
    database::WriteSet,
    integrity::examine,
    outbox::Cause,
};

/// How many rows are looked up at once.
const PAGE: u64 = 500;

/// Which recordings to analyze.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only those of calls that began at this time or later.
    pub since: Option<Timestamp>,
    /// Only that of this call.
    pub call: Option<CallRef>,
}

/// What a run has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Analyzed {
    /// Recordings that were analyzed.
    pub recordings: u64,
    /// Their length, in milliseconds.
    pub audio_ms: u64,
    /// Recordings that cannot be analyzed.
    pub faults: u64,
}

/// A recording that cannot be analyzed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnalysisFault {
    /// The call's id.
    pub call: Uuid,
    /// What is wrong.
    pub detail: String,
}

/// Analyzes the selected recordings that are not analyzed by the current algorithm, `jobs` at a time. Files are
/// compared with their hashes on the way; a damaged one is passed to `report`, and the others go on.
///
/// Progress is told in bytes of files, which take the time. A database or store that fails ends the run, since it would
/// fail for all others too; a recording that is damaged or missing does not.
///
/// # Errors
/// `CallNotFound` for a call that does not exist, or when the database or the store fails.
pub async fn analyze(
    database: &Database,
    store: &Store,
    (selection, jobs): (&Selection, u32),
    clock: &dyn Clock,
    progress: &dyn CopyProgress,
    report: &(dyn Fn(AnalysisFault) + Send + Sync),
) -> Result<Analyzed, Error> {
    let only = match &selection.call {
        Some(call) => Some(find(database.readers(), call).await?.id),
        None => None,
    };
    progress.begin("bytes of recordings", waiting_bytes(database, selection.since, only).await?);
    let (mut done, mut after) = (Analyzed::default(), Uuid::nil());
    loop {
        use recording::Column;
        let page = waiting(selection.since, only).filter(Column::Id.gt(after)).order_by_asc(Column::Id).limit(PAGE);
        let page = page.all(database.readers()).await?;
        let Some(last) = page.last() else { return Ok(done) };
        after = last.id;
        // Spawned, so that they run on all cores.
        let heard = stream::iter(page).map(|recording| {
            let (database, store) = (database.clone(), store.clone());
            tokio::spawn(async move {
                let heard = hear(&database, &store, &recording).await;
                (recording, heard)
            })
        });
        let mut heard = heard.buffer_unordered(index(jobs.max(1)));
        while let Some(one) = heard.next().await {
            let (recording, heard) = one.map_err(|_| Error::Damaged("the analysis of a recording did not finish"))?;
            match heard {
                Ok(heard) => {
                    let analyzed = keep(database, &recording, &heard, clock.now()).await?;
                    done.recordings += u64::from(analyzed);
                    done.audio_ms += if analyzed { recording.frames.unsigned_abs() / 16 } else { 0 };
                }
                Err(error) if error.is_passing() => return Err(error),
                // A call that was deleted meanwhile has no file.
                Err(error) if is_visible(database, recording.call_id).await? => {
                    done.faults += 1;
                    report(AnalysisFault { call: recording.call_id, detail: error.to_string() });
                }
                Err(_) => {}
            }
            progress.add(recording.size_bytes.unsigned_abs());
        }
    }
}

/// Recordings of calls that are not deleted, without analytics of the current algorithm.
fn waiting(since: Option<Timestamp>, only: Option<Uuid>) -> Select<recording::Entity> {
    use computed_analytics::Column;
    let current = Algorithm::DEFAULT.name();
    let undone = Condition::any().add(Column::CallId.is_null()).add(Column::Algorithm.ne(current));
    let mut waiting = recording::Entity::find()
        .join(
            JoinType::InnerJoin,
            recording::Entity::belongs_to(call::Entity).from(recording::Column::CallId).to(call::Column::Id).into(),
        )
        .join(
            JoinType::LeftJoin,
            recording::Entity::belongs_to(computed_analytics::Entity)
                .from(recording::Column::CallId)
                .to(Column::CallId)
                .into(),
        )
        .filter(call::Column::DeletedAt.is_null())
        .filter(undone);
    if let Some(since) = since {
        waiting = waiting.filter(call::Column::StartTime.gte(since));
    }
    if let Some(only) = only {
        waiting = waiting.filter(recording::Column::CallId.eq(only));
    }
    waiting
}

/// The size of their files.
async fn waiting_bytes(database: &Database, since: Option<Timestamp>, only: Option<Uuid>) -> Result<u64, Error> {
    use sea_orm::sea_query::ExprTrait;
    let sum = recording::Column::SizeBytes.sum().cast_as("bigint");
    let bytes = waiting(since, only).select_only().column_as(sum, "bytes").into_tuple::<Option<i64>>();
    Ok(bytes.one(database.readers()).await?.flatten().map_or(0, i64::unsigned_abs))
}

/// Finds the speech of a recording in its file.
async fn hear(database: &Database, store: &Store, recording: &recording::Model) -> Result<Heard, Error> {
    use call_track::{Column, Entity};
    // Only tracks with audio have a summary.
    let tracks = Entity::find()
        .select_only()
        .column(Column::Track)
        .filter(Column::CallId.eq(recording.call_id))
        .filter(Column::Summary.is_not_null())
        .order_by_asc(Column::Track)
        .into_tuple()
        .all(database.readers())
        .await?;
    let tracks = Tracks::of(&tracks).filter(|tracks| i32::from(tracks.channels()) == i32::from(recording.channels));
    let mut listener = Listener::new(tracks.ok_or(Error::Damaged("the tracks of a recording"))?);
    let mut header = wav::HEADER_LEN;
    let take = |bytes: &[u8]| {
        let skipped = header.min(wide(bytes.len()));
        header -= skipped;
        listener.hear_bytes(&bytes[usize::try_from(skipped).unwrap_or(bytes.len())..])
    };
    examine(store, recording, None, take).await?;
    Ok(listener.finish())
}

/// Stores what was heard, unless the recording is gone or another one by now. Returns whether it was stored.
///
/// The call is locked first, as a request would lock it: a deletion that comes meanwhile either sees the new row and
/// removes it, or makes this find no call. The recording is compared by its hash, because a call that failed may have
/// been ended again and have another one by now.
async fn keep(database: &Database, recording: &recording::Model, heard: &Heard, now: Timestamp) -> Result<bool, Error> {
    use computed_analytics::{Column, Entity};
    let transaction = database.begin().await?;
    let call = CallRef::of(recording.call_id);
    database.storage().lock_calls(&transaction, &[&call]).await?;
    let same = recording::Entity::find_by_id(recording.id).filter(recording::Column::Sha256.eq(&recording.sha256));
    let visible = call::Entity::find_by_id(recording.call_id).visible();
    if same.one(&transaction).await?.is_none() || visible.one(&transaction).await?.is_none() {
        return Ok(false);
    }
    let computed = row(heard, recording.call_id, recording.id, recording.frames.unsigned_abs(), now);
    let changed = [
        Column::RecordingId,
        Column::Algorithm,
        Column::ComputedAt,
        Column::DurationMs,
        Column::TalkTimeMs,
        Column::SilenceTimeMs,
        Column::Interruptions,
        Column::ResponseLatencyMs,
        Column::InboundSegments,
        Column::OutboundSegments,
    ];
    let replace = OnConflict::column(Column::CallId).update_columns(changed).to_owned();
    Entity::insert(computed).on_conflict(replace).exec_without_returning(&transaction).await?;
    let told = Cause::analytics_computed(recording.call_id, recording.id).into_row(now);
    let mut set = WriteSet { events: vec![told], ..WriteSet::default() };
    database.storage().commit(transaction, &mut set).await?;
    crash::point("analyze.stored");
    Ok(true)
}

async fn is_visible(database: &Database, call: Uuid) -> Result<bool, Error> {
    Ok(call::Entity::find_by_id(call).visible().one(database.readers()).await?.is_some())
}
