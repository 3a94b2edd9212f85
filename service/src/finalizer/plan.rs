//! Looking over a call's chunks before a byte is written: which tracks there are, in what order their chunks are laid out,
//! and how long the recording becomes.

use audio::Timeline;
use entity::{
    audio_chunk::{self, Column, Entity},
    call_track::Track,
};
use futures_util::TryStreamExt;
use sea_orm::{ColumnTrait, EntityTrait, Iterable, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use super::Failure;
use crate::{
    Callstore,
    calls::{AudioFormat, Call, samples_to_seconds},
    chunks::{Summary, TrackSummary, audio_bytes},
    recordings::Gap,
};

/// How a call's recording is to be made.
#[derive(Debug)]
pub(super) struct Plan {
    /// The call's own format.
    pub format: AudioFormat,
    /// The tracks that have audio, the caller's first.
    pub tracks: Vec<TrackPlan>,
}

/// How one track is laid out.
#[derive(Debug)]
pub(super) struct TrackPlan {
    /// Whose voice.
    pub track: Track,
    /// The order in which its chunks stand.
    pub order: ChunkOrder,
    /// What its chunks come to.
    pub summary: TrackSummary,
    /// How far it reaches, in samples of the call's format.
    pub length: u64,
    /// The silence in it.
    pub gaps: Vec<Gap>,
    /// What was dropped, in seconds.
    pub overlap_seconds: f64,
}

/// The order in which a track's chunks are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChunkOrder {
    /// By sequence, which is how they are stored.
    Sequence,
    /// By timestamp and sequence: the timestamps do not rise with the sequence, so the database has to sort.
    Timestamp,
}

impl Plan {
    pub fn has_audio(&self) -> bool {
        !self.tracks.is_empty()
    }

    /// The length of the longest track, in samples of the call's format.
    pub fn length(&self) -> u64 {
        self.tracks.iter().map(|track| track.length).max().unwrap_or(0)
    }
}

impl ChunkOrder {
    /// A track's chunks in this order.
    pub fn select(self, call: Uuid, track: Track) -> Select<Entity> {
        let chunks = Entity::find().filter(Column::CallId.eq(call)).filter(Column::Track.eq(track));
        match self {
            Self::Sequence => chunks.order_by_asc(Column::FirstSequence),
            Self::Timestamp => chunks.order_by_asc(Column::Timestamp).order_by_asc(Column::FirstSequence),
        }
    }
}

impl Callstore {
    /// Looks over a call's chunks.
    pub(super) async fn plan(&self, call: &Call) -> Result<Plan, Failure> {
        let format = AudioFormat::of(call);
        let mut tracks = Vec::new();
        for track in Track::iter() {
            tracks.extend(self.plan_track(call.id, track, format).await?);
        }
        Ok(Plan { format, tracks })
    }

    async fn plan_track(&self, call: Uuid, track: Track, format: AudioFormat) -> Result<Option<TrackPlan>, Failure> {
        let mut layout = Layout::new(format);
        self.look_over(call, track, ChunkOrder::Sequence, &mut layout).await?;
        if layout.chunks == 0 {
            return Ok(None);
        }
        let (order, laid_out) = if layout.in_order {
            (ChunkOrder::Sequence, layout.timeline)
        } else {
            let mut sorted = Layout::new(format);
            self.look_over(call, track, ChunkOrder::Timestamp, &mut sorted).await?;
            (ChunkOrder::Timestamp, sorted.timeline)
        };
        let seconds = |samples| samples_to_seconds(samples, format.sample_rate_hz);
        let gaps = laid_out.gaps().iter().map(|gap| Gap { track, start: seconds(gap.start), end: seconds(gap.end) });
        Ok(Some(TrackPlan {
            track,
            order,
            summary: layout.summary.finish(),
            length: laid_out.position(),
            gaps: gaps.collect(),
            overlap_seconds: seconds(laid_out.overlap_samples()),
        }))
    }

    /// Passes over a track's chunks, not their audio.
    async fn look_over(&self, call: Uuid, track: Track, order: ChunkOrder, layout: &mut Layout) -> Result<(), Failure> {
        let mut rows = order
            .select(call, track)
            .select_only()
            .columns([Column::FirstSequence, Column::LastSequence, Column::Timestamp])
            .column_as(audio_bytes(), "bytes")
            .into_tuple::<(i32, i32, Option<i32>, i32)>()
            .stream(self.0.database.streams())
            .await?;
        while let Some((first, last, timestamp, bytes)) = rows.try_next().await? {
            if self.0.finalizer.stop.is_cancelled() {
                return Err(Failure::Stopped);
            }
            layout.add(first, last, timestamp, bytes);
        }
        Ok(())
    }
}

/// A track as it is looked over.
struct Layout {
    format: AudioFormat,
    timeline: Timeline,
    summary: Summary,
    chunks: u64,
    last_timestamp: Option<u32>,
    in_order: bool,
}

impl Layout {
    fn new(format: AudioFormat) -> Self {
        Self {
            format,
            timeline: Timeline::new(format.sample_rate_hz),
            summary: Summary::default(),
            chunks: 0,
            last_timestamp: None,
            in_order: true,
        }
    }

    fn add(&mut self, first: i32, last: i32, timestamp: Option<i32>, bytes: i32) {
        let timestamp = timestamp.map(i32::unsigned_abs);
        let bytes = u64::from(bytes.unsigned_abs());
        self.chunks += 1;
        self.in_order &= timestamp >= self.last_timestamp;
        self.last_timestamp = timestamp;
        self.summary.add(first.unsigned_abs(), last.unsigned_abs(), bytes);
        self.timeline.place(timestamp, self.format.samples(bytes));
    }
}

/// What the renderer needs of a row.
pub(super) fn to_chunk(row: audio_chunk::Model) -> audio::Chunk {
    audio::Chunk { timestamp_ms: row.timestamp.map(i32::unsigned_abs), bytes: row.data }
}
