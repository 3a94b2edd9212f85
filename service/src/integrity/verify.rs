//! `callstore verify`: compares everything that is stored, and changes nothing. A service may run meanwhile, so what
//! looks wrong is looked at once more before it is told.
//!
//! It reads each recording once and each row of the audit never; `callstore audit verify` does that. On a healthy store
//! it runs at the speed of the disk, four files at a time, and its memory does not grow with the store.

use std::collections::HashSet;

use audio::number::wide;
use entity::{call, recording, recording_check};
use futures_util::{StreamExt, TryStreamExt};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::ExprTrait};
use uuid::Uuid;

use super::file::examine;
use crate::{
    Database, Error, Store,
    calls::{Status, Visible},
    copy::CopyProgress,
};

/// How many recordings are read at a time.
const UNDER_WAY: usize = 4;
/// How many rows or names are looked up at once.
const PAGE: usize = 500;

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerifiedStore {
    /// Recordings.
    pub recordings: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Calls that have files in the store.
    pub files: u64,
    /// What is wrong.
    pub faults: u64,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreFault {
    /// `database`, `journal`, `damaged`, `missing`, `unreadable` or `orphan`.
    pub kind: &'static str,
    /// The file, relative to the store, or what of the database it is about.
    pub subject: String,
    /// What is wrong with it.
    pub detail: String,
}

/// Receives faults as they are found.
pub type Report<'a> = &'a (dyn Fn(StoreFault) + Send + Sync);

/// Compares each recording with its hashes, and looks for files without recordings and damage of the database.
///
/// In order: the database's own checks, the journal, each recording against its hashes, and each file against the rows.
/// A fault does not end the run, so that one report has them all; the counts are those of what was looked at.
///
/// # Errors
/// When the database or the store fails.
pub async fn verify(
    database: &Database,
    store: &Store,
    progress: &dyn CopyProgress,
    report: Report<'_>,
) -> Result<VerifiedStore, Error> {
    let mut done = VerifiedStore::default();
    progress.begin("parts of the database", 2);
    for detail in database.storage().damage().await? {
        done.faults += 1;
        report(StoreFault { kind: "database", subject: "database".to_owned(), detail });
    }
    progress.add(1);
    if let Err(error) = database.storage().journaled(&database.snapshot().await?).await {
        done.faults += 1;
        report(StoreFault { kind: "journal", subject: "chunk_journal".to_owned(), detail: error.to_string() });
    }
    verify_recordings(database, store, progress, report, &mut done).await?;
    verify_files(database, store, progress, report, &mut done).await?;
    Ok(done)
}

/// Compares each recording with its file.
async fn verify_recordings(
    database: &Database,
    store: &Store,
    progress: &dyn CopyProgress,
    report: Report<'_>,
    done: &mut VerifiedStore,
) -> Result<(), Error> {
    use recording::{Column, Entity};
    let total = Entity::find().select_only().column_as(Column::SizeBytes.sum().cast_as("bigint"), "bytes");
    let total = total.into_tuple::<Option<i64>>().one(database.readers()).await?.flatten();
    progress.begin("bytes of recordings", total.map_or(0, i64::unsigned_abs));
    let mut after = Uuid::nil();
    loop {
        let page = Entity::find().filter(Column::Id.gt(after)).order_by_asc(Column::Id).limit(wide(PAGE));
        let page = page.all(database.readers()).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        let examined = futures_util::stream::iter(page).map(|recording| async move {
            let fault = fault(database, store, &recording).await?;
            progress.add(recording.size_bytes.unsigned_abs());
            Ok::<_, Error>((recording, fault))
        });
        let mut examined = std::pin::pin!(examined.buffer_unordered(UNDER_WAY));
        while let Some((recording, fault)) = examined.try_next().await? {
            done.recordings += 1;
            done.bytes += recording.size_bytes.unsigned_abs();
            if let Some((kind, detail)) = fault {
                done.faults += 1;
                report(StoreFault { kind, subject: recording.file_path, detail });
            }
        }
    }
}

/// What is wrong with a recording, if anything is.
///
/// Looks for the call last: one that was deleted while its file was read has lost that file rightly.
async fn fault(
    database: &Database,
    store: &Store,
    recording: &recording::Model,
) -> Result<Option<(&'static str, String)>, Error> {
    let check = recording_check::Entity::find_by_id(recording.id).one(database.readers()).await?;
    let (kind, detail) = match examine(store, recording, None, |_| Ok(())).await {
        Ok(hashes) if check.is_none_or(|check| check.block_hashes == hashes) => return Ok(None),
        Ok(_) => ("damaged", "the file is whole, but the hashes of its blocks in the database are not".to_owned()),
        Err(error) if error.is_passing() => return Err(error),
        Err(Error::RecordingMissing) => ("missing", "the store does not have it".to_owned()),
        Err(Error::RecordingDamaged(detail)) => ("damaged", detail.to_owned()),
        Err(error) => ("unreadable", error.to_string()),
    };
    let call = call::Entity::find_by_id(recording.call_id).visible().one(database.readers()).await?;
    Ok(call.map(|_| (kind, detail)))
}

/// Looks for files of which the database does not know.
async fn verify_files(
    database: &Database,
    store: &Store,
    progress: &dyn CopyProgress,
    report: Report<'_>,
    done: &mut VerifiedStore,
) -> Result<(), Error> {
    progress.begin("folders", 256);
    for folder in 0..=u8::MAX {
        let folder = format!("{folder:02x}");
        let calls = store.calls_in(&folder).await?;
        done.files += wide(calls.len());
        let mut orphans = Vec::new();
        for page in calls.chunks(PAGE) {
            orphans.extend(without_recording(database, page).await?);
        }
        if !orphans.is_empty() {
            let still: HashSet<Uuid> = store.calls_in(&folder).await?.into_iter().collect();
            for call in orphans.into_iter().filter(|call| still.contains(call)) {
                done.faults += 1;
                let detail = "the database has no recording for it".to_owned();
                report(StoreFault { kind: "orphan", subject: Store::file_path(call), detail });
            }
        }
        progress.add(1);
    }
    Ok(())
}

/// Those calls that have no recording, and of which none is being made or removed.
async fn without_recording(database: &Database, calls: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    let among = || calls.iter().copied();
    let under_way = call::Column::Status.ne(Status::Completed).or(call::Column::DeletedAt.is_not_null());
    let under_way = call::Entity::find()
        .select_only()
        .column(call::Column::Id)
        .filter(call::Column::Id.is_in(among()))
        .filter(under_way)
        .into_tuple::<Uuid>()
        .all(database.readers())
        .await?;
    // Read second: a call that is completed meanwhile has its recording by then.
    let recorded = recording::Entity::find()
        .select_only()
        .column(recording::Column::CallId)
        .filter(recording::Column::CallId.is_in(among()))
        .into_tuple::<Uuid>()
        .all(database.readers())
        .await?;
    let known: HashSet<Uuid> = under_way.into_iter().chain(recorded).collect();
    Ok(among().filter(|call| !known.contains(call)).collect())
}
