//! Copies the files of recordings between stores. Their lengths and hashes are in the database.
//!
//! Reading and writing are coupled by a short channel, so a fast source does not fill the memory while a slow target
//! writes. A repeated run only reads recordings that are complete at the target, so it continues an interrupted one.
//!
//! Bytes are hashed twice: while they are written, which finds damage at the source, and when the target is read back,
//! which finds damage on the way. A recording that fails does not stop the others, and is told by name at the end.

use audio::number::wide;
use entity::{call, recording};
use futures_util::TryStreamExt;
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{ExprTrait, Query},
};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::progress::{CopyError, CopyProgress};
use crate::{Error, Ids, Store, database::Database, hex::hex};

/// How many files are copied concurrently.
const UNDER_WAY: usize = 4;
/// How many pieces of a file may wait to be written.
const PIECES: usize = 4;
/// How many failures an error lists.
const TOLD: usize = 5;

/// The result of a copy: recordings that are now the same in both stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopiedRecordings {
    /// Number of recordings.
    pub files: u64,
    /// How many of them this run copied; the others were already there.
    pub copied: u64,
    /// Their total size in bytes.
    pub bytes: u64,
}

/// The database's entry for a file.
struct File {
    recording: Uuid,
    path: String,
    size: u64,
    sha256: String,
}

/// Copies a database's recordings from one store to another. Each copy is read back and compared with the hash in the
/// database. Files that are already there with that hash are not copied again.
///
/// # Errors
/// When the database fails, the target store cannot be written, or some recordings could not be copied. The others are
/// copied then.
pub async fn copy_recordings(
    database: &Database,
    (from, to): (&Store, &Store),
    ids: &dyn Ids,
    progress: &dyn CopyProgress,
) -> Result<CopiedRecordings, CopyError> {
    // A target that cannot be written is reported once, not for each recording.
    to.probe().await?;
    let snapshot = database.snapshot().await?;
    // The files of deleted calls are about to be removed anyway.
    let deleted = Query::select()
        .column(call::Column::Id)
        .from(call::Entity)
        .and_where(call::Column::DeletedAt.is_not_null())
        .take();
    let rows = recording::Entity::find().filter(recording::Column::CallId.not_in_subquery(deleted));
    let total = rows.clone().select_only().column_as(recording::Column::SizeBytes.sum().cast_as("bigint"), "bytes");
    let total = total.into_tuple::<Option<i64>>().one(&snapshot).await?.flatten();
    progress.begin("bytes of recordings", total.map_or(0, i64::unsigned_abs));

    let columns =
        [recording::Column::Id, recording::Column::FilePath, recording::Column::SizeBytes, recording::Column::Sha256];
    let rows = rows.select_only().columns(columns).order_by_asc(recording::Column::Id);
    let rows = rows.into_tuple::<(Uuid, String, i64, String)>().stream(&snapshot).await?;
    let files =
        rows.map_ok(|(recording, path, size, sha256)| File { recording, path, size: size.unsigned_abs(), sha256 });
    let copies = files.map_ok(|file| async move {
        let outcome = copy(&file, from, to, ids).await;
        progress.add(file.size);
        Ok((file, outcome))
    });
    let mut copies = std::pin::pin!(copies.try_buffer_unordered(UNDER_WAY));
    let (mut done, mut failed, mut first) = (CopiedRecordings::default(), 0, Vec::new());
    while let Some((file, outcome)) = copies.try_next().await? {
        match outcome {
            Ok(copied) => {
                done.files += 1;
                done.copied += u64::from(copied);
                done.bytes += file.size;
            }
            Err(error) => {
                failed += 1;
                if first.len() < TOLD {
                    first.push(format!("{} ({}): {error}", file.recording, file.path));
                }
            }
        }
    }
    if failed > 0 {
        return Err(CopyError::Recordings { failed, of: done.files + failed, first });
    }
    Ok(done)
}

/// Copies a file unless the target has it; returns whether it was copied.
async fn copy(file: &File, from: &Store, to: &Store, ids: &dyn Ids) -> Result<bool, Error> {
    if hash(file, to).await.is_ok_and(|found| found == file.sha256) {
        return Ok(false);
    }
    let (pieces, written) = mpsc::channel(PIECES);
    let (store, path, unique, expected) = (to.clone(), file.path.clone(), ids.next(), file.sha256.clone());
    let writing = tokio::task::spawn_blocking(move || write(&store, &path, unique, written, &expected));
    let read = async {
        let mut audio = from.read(&file.path, 0..file.size, file.size, false).await?;
        while let Some(piece) = audio.try_next().await? {
            // The writer has failed; its own result says why.
            if pieces.send(piece).await.is_err() {
                break;
            }
        }
        drop(pieces);
        Ok::<_, Error>(())
    };
    let read = read.await;
    let written = writing.await.unwrap_or(Err(Error::Damaged("work on a file did not finish")));
    read.and(written)?;
    if hash(file, to).await? != file.sha256 {
        return Err(Error::Damaged("the recording was written, and reads otherwise from the store it was written to"));
    }
    Ok(true)
}

/// Writes a file from the pieces received, and publishes it if its hash is the expected one. Blocks.
fn write(
    store: &Store,
    path: &str,
    unique: Uuid,
    mut pieces: mpsc::Receiver<bytes::Bytes>,
    expected: &str,
) -> Result<(), Error> {
    let mut draft = store.draft(path, unique, &CancellationToken::new())?;
    let mut found = Sha256::new();
    while let Some(piece) = pieces.blocking_recv() {
        found.update(&piece);
        draft.write(&piece)?;
    }
    if hex(&found.finalize()) != expected {
        return Err(Error::Damaged("the recording to copy has another hash than the database says"));
    }
    draft.publish()
}

/// The SHA-256 of a file in a store.
async fn hash(file: &File, store: &Store) -> Result<String, Error> {
    let mut audio = store.read(&file.path, 0..file.size, file.size, false).await?;
    let (mut hash, mut size) = (Sha256::new(), 0);
    while let Some(piece) = audio.try_next().await? {
        size += wide(piece.len());
        hash.update(&piece);
    }
    if size != file.size {
        return Err(Error::Damaged("a recording has another length than the database says"));
    }
    Ok(hex(&hash.finalize()))
}
