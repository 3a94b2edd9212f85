//! Lays out a call's chunks before anything is written: which tracks have audio, in what order their chunks are read,
//! and how long the recording becomes.
//!
//! Two passes over a track cost little beside rendering, since this reads no audio. They buy a header that is right
//! from the start: the file is written from front to back, to a disk or into an upload, and nothing in it is changed
//! later. A track whose timestamps do not rise with its sequence numbers is read by timestamp, for which the database
//! has to sort; most are not.

use audio::Timeline;
use entity::call_track::Track;
use sea_orm::Iterable;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::failure::{Failure, Stop};
use crate::{
    Error,
    calls::{AudioFormat, samples_to_seconds},
    chunks::{Summary, TrackSummary},
    database::{ChunkHead, ChunkOrder, ChunkReader},
    recordings::Gap,
};

/// How to make a call's recording.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The format of the call's chunks.
    pub format: AudioFormat,
    /// The tracks that have chunks, the caller's first.
    pub tracks: Vec<TrackPlan>,
}

impl Plan {
    /// The length of the recording, in seconds.
    pub(super) fn seconds(&self) -> f64 {
        let longest = self.tracks.iter().map(|track| track.length).max();
        samples_to_seconds(longest.unwrap_or(0), self.format.sample_rate_hz)
    }
}

/// How to lay out one track.
#[derive(Debug)]
pub(crate) struct TrackPlan {
    /// Whose voice it is.
    pub track: Track,
    /// The order in which its chunks are read.
    pub order: ChunkOrder,
    /// Counts over its chunks, kept after they are deleted.
    pub summary: TrackSummary,
    /// Length in samples of the call's format.
    pub length: u64,
    /// Where it is silent because audio is missing.
    pub gaps: Vec<Gap>,
    /// Audio dropped because it overlapped earlier audio, in seconds.
    pub overlap_seconds: f64,
}

impl Plan {
    pub(crate) fn has_audio(&self) -> bool {
        !self.tracks.is_empty()
    }

    /// Length of the longest track, in samples of the call's format.
    pub(crate) fn length(&self) -> u64 {
        self.tracks.iter().map(|track| track.length).max().unwrap_or(0)
    }
}

/// Plans what the recording of a call would be if nothing was added any more, for those who listen before it is made.
pub(crate) fn lay_out(chunks: &ChunkReader, call: Uuid, format: AudioFormat) -> Result<Plan, Error> {
    Ok(plan(chunks, call, format, &Stop(CancellationToken::new()))?)
}

/// Plans a call's recording. Reads each track once, or twice if its timestamps do not rise with the sequence.
///
/// The caller holds the call's lease, and the call is `finalizing`: no chunk is added, changed or removed while this
/// reads, unless another node has completed the call. The renderer finds that by counting.
pub(super) fn plan(chunks: &ChunkReader, call: Uuid, format: AudioFormat, stop: &Stop) -> Result<Plan, Failure> {
    let mut tracks = Vec::new();
    for track in Track::iter() {
        tracks.extend(plan_track(chunks, call, track, format, stop)?);
    }
    Ok(Plan { format, tracks })
}

fn plan_track(
    chunks: &ChunkReader,
    call: Uuid,
    track: Track,
    format: AudioFormat,
    stop: &Stop,
) -> Result<Option<TrackPlan>, Failure> {
    let look_over = |order| {
        let mut layout = Layout::new(format);
        chunks.heads(call, track, format, order, |head| {
            layout.add(&head);
            stop.check()
        })?;
        Ok::<_, Failure>(layout)
    };
    let layout = look_over(ChunkOrder::Sequence)?;
    if layout.chunks == 0 {
        return Ok(None);
    }
    let (order, laid_out) = if layout.in_order {
        (ChunkOrder::Sequence, layout.timeline)
    } else {
        (ChunkOrder::Timestamp, look_over(ChunkOrder::Timestamp)?.timeline)
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

/// State of one pass over a track.
///
/// Counts by sequence and lays out by time in the same pass. If times turn out not to rise, its timeline is wrong and
/// its summary right, so only the former is taken from the second pass.
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

    /// `None` is less than any timestamp, so a track without timestamps is in order.
    fn add(&mut self, head: &ChunkHead) {
        self.chunks += 1;
        self.in_order &= head.timestamp_ms >= self.last_timestamp;
        self.last_timestamp = head.timestamp_ms;
        self.summary.add(head.sequence, head.bytes);
        self.timeline.place(head.timestamp_ms, self.format.samples(head.bytes));
    }
}
