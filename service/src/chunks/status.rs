//! The status of a call's stored audio, from which a client knows where to resume.
//!
//! A client reads it to resume: the last sequence number, and the ranges that are missing. Three sources, by the call's
//! status: an active call's chunks are first moved out of the journal, then counted; those of a finalizing or failed
//! call are counted; a completed call has lost its chunks and kept its summaries.

use entity::{audio_chunk, call_track};
use futures_util::FutureExt;
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, Statement,
    sea_query::{Expr, ExprTrait, Func, SimpleExpr},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Track, part::Chunks};
use crate::{
    Error,
    calls::{AudioFormat, CallRef, Status, find},
    limits::MISSING_MAX,
};

/// The status of a call's stored audio.
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkStatus {
    /// The tracks that have chunks, the caller's first.
    pub tracks: Vec<TrackStatus>,
}

/// The status of one track.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackStatus {
    /// Whose voice it is.
    pub track: Track,
    /// Seconds of audio in all chunks.
    pub duration: f64,
    /// Counts over the track's chunks.
    pub summary: TrackSummary,
}

/// Counts over a track's chunks. Stored as JSON when the chunks are deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrackSummary {
    /// Number of chunks.
    pub chunks: u64,
    /// Bytes of audio in all chunks.
    pub bytes: u64,
    /// Largest sequence number.
    pub last_sequence: u32,
    /// The first missing ranges between the smallest and the largest sequence number, as first and last number.
    pub missing: Vec<(u32, u32)>,
    /// Number of missing sequence numbers.
    pub missing_total: u64,
}

/// Builds a [`TrackSummary`] from chunks in order of sequence.
///
/// The finalizer feeds it while it plans the recording, since it reads every chunk anyway.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    summary: TrackSummary,
    next: Option<u32>,
}

impl Summary {
    /// Adds the next chunk.
    ///
    /// Chunks must come in ascending order of sequence, each once. At most 1,000 missing ranges are listed; the total
    /// goes on counting.
    pub(crate) fn add(&mut self, sequence: u32, bytes: u64) {
        let expected = self.next.unwrap_or(sequence);
        if sequence > expected {
            self.summary.missing_total += u64::from(sequence - expected);
            if self.summary.missing.len() < MISSING_MAX {
                self.summary.missing.push((expected, sequence - 1));
            }
        }
        self.summary.chunks += 1;
        self.summary.bytes += bytes;
        self.summary.last_sequence = sequence;
        self.next = Some(sequence + 1);
    }

    pub(crate) fn finish(self) -> TrackSummary {
        self.summary
    }
}

impl Chunks {
    /// The status of a call's stored audio. Once the call is completed, it is that at its end.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn status(&self, call: &CallRef) -> Result<ChunkStatus, Error> {
        let found = find(self.core.database.readers(), call).await?;
        if found.status == Status::Active {
            self.settle(found.id).await?;
        }
        // Reads the call again, because its status may have changed, and it decides where the summaries are.
        let (snapshot, call) = self.core.snapshot_of(&CallRef::of(found.id)).await?;
        let summaries = match call.status {
            Status::Completed => kept_summaries(&snapshot, call.id).await?,
            Status::Active | Status::Finalizing | Status::Failed => live_summaries(&snapshot, call.id).await?,
        };
        let format = AudioFormat::of(&call);
        let status = |(track, summary): (Track, TrackSummary)| TrackStatus {
            track,
            duration: format.seconds(summary.bytes),
            summary,
        };
        Ok(ChunkStatus { tracks: summaries.into_iter().map(status).collect() })
    }

    /// Moves an active call's chunks from the journal to `audio_chunk`, where readers find them.
    pub(crate) async fn settle(&self, call: Uuid) -> Result<(), Error> {
        if !self.core.database.storage().has_journal() {
            return Ok(());
        }
        self.core
            .write(Some(&CallRef::of(call)), 0, move |batch| {
                batch.settle(call);
                async { Ok(()) }.boxed()
            })
            .await
    }
}

/// The stored summaries of a completed call, whose chunks may have been deleted.
async fn kept_summaries(snapshot: &DatabaseTransaction, call: Uuid) -> Result<Vec<(Track, TrackSummary)>, Error> {
    use call_track::{Column, Entity};
    let rows = Entity::find()
        .filter(Column::CallId.eq(call))
        .filter(Column::Summary.is_not_null())
        .order_by_asc(Column::Track)
        .all(snapshot)
        .await?;
    let read = |row: call_track::Model| {
        let summary = serde_json::from_value(row.summary.unwrap_or_default());
        Ok((row.track, summary.map_err(|_| Error::Damaged("a track's summary"))?))
    };
    rows.into_iter().map(read).collect()
}

/// Computes the summaries of a call from its chunks.
///
/// Rows are counted, not chunks: a track's sum comes from the numbers of its rows, without reading their audio. Only a
/// track with holes is read once more, to find them.
async fn live_summaries(snapshot: &DatabaseTransaction, call: Uuid) -> Result<Vec<(Track, TrackSummary)>, Error> {
    use audio_chunk::{Column, Entity};
    let count = Expr::col(Column::LastSequence).sub(Expr::col(Column::FirstSequence)).add(1);
    let rows: Vec<(Track, i64, i64, i32, i32)> = Entity::find()
        .select_only()
        .column(Column::Track)
        .column_as(SimpleExpr::from(Func::sum(count)), "chunks")
        .column_as(SimpleExpr::from(Func::sum(audio_bytes())), "bytes")
        .column_as(Column::FirstSequence.min(), "first")
        .column_as(Column::LastSequence.max(), "last")
        .filter(Column::CallId.eq(call))
        .group_by(Column::Track)
        .order_by_asc(Column::Track)
        .into_tuple()
        .all(snapshot)
        .await?;
    let mut summaries = Vec::with_capacity(rows.len());
    for (track, chunks, bytes, first, last) in rows {
        let (chunks, span) = (chunks.unsigned_abs(), u64::from(last.abs_diff(first)) + 1);
        let missing_total = span.saturating_sub(chunks);
        let missing = if missing_total == 0 { Vec::new() } else { holes(snapshot, call, track).await? };
        let last_sequence = last.unsigned_abs();
        let bytes = bytes.unsigned_abs();
        summaries.push((track, TrackSummary { chunks, bytes, last_sequence, missing, missing_total }));
    }
    Ok(summaries)
}

/// The first missing ranges of a track's sequence numbers.
async fn holes(snapshot: &DatabaseTransaction, call: Uuid, track: Track) -> Result<Vec<(u32, u32)>, DbErr> {
    #[derive(FromQueryResult)]
    struct Hole {
        hole_from: i32,
        hole_to: i32,
    }
    let query = Statement::from_sql_and_values(
        snapshot.get_database_backend(),
        "SELECT before + 1 AS hole_from, first_sequence - 1 AS hole_to FROM (
            SELECT first_sequence, LAG(last_sequence) OVER (ORDER BY first_sequence) AS before
            FROM audio_chunk WHERE call_id = $1 AND track = $2
        ) AS pairs WHERE first_sequence > before + 1 ORDER BY first_sequence LIMIT $3",
        [call.into(), track.to_value().into(), i64::try_from(MISSING_MAX).unwrap_or(i64::MAX).into()],
    );
    let holes = Hole::find_by_statement(query).all(snapshot).await?;
    Ok(holes.into_iter().map(|hole| (hole.hole_from.unsigned_abs(), hole.hole_to.unsigned_abs())).collect())
}

/// SQL for the bytes of audio in a row.
fn audio_bytes() -> SimpleExpr {
    SimpleExpr::from(Func::cust("OCTET_LENGTH").arg(Expr::col(audio_chunk::Column::Data)))
}
