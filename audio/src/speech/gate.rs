//! Makes segments of frames that are above two thresholds or not.
//!
//! ```text
//!        2 frames in a row at or above `on`:
//!        opens at the first, and up to 5 frames before it that are at or above `off`
//!  idle ----------------------------------------------------------------------------> open
//!       <----------------------------------------------------------------------------
//!        3 frames in a row below `off`, or the end of the audio:
//!        closes 1 frame behind the last frame that is not below `off`
//! ```
//!
//! Pauses of up to 15 frames are then bridged, and what is still shorter than 6 frames is dropped.

use super::{level::Level, segment::Segment};

/// Frames in a row at or above `on` that open a segment.
const ONSET: u32 = 2;
/// Frames in a row below `off` that close it.
const CLOSE: u32 = 3;
/// Most frames before the onset that belong to the segment.
const REACH_BACK: u32 = 5;
/// Frames by which a segment is made longer.
const HANGOVER: u32 = 1;
/// Longest pause inside a segment: 300 ms.
const BRIDGE: u32 = 15;
/// Shortest segment: 120 ms.
const SHORTEST: u32 = 6;

/// The state machine of one track.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// Number of frames so far.
    frames: u32,
    /// How many of the latest frames, in a row, are at or above `on`, and at or above `off`.
    on: u32,
    off: u32,
    /// The open segment: its first frame, and the last one at or above `off`.
    open: Option<(u32, u32)>,
    /// The highest weight of a frame since the segment opened.
    weight: Level,
    /// The latest closed segment and its weight, which the next one may still join.
    closed: Option<(Segment, Level)>,
    segments: Vec<(Segment, Level)>,
}

impl Gate {
    /// Takes the next frame. A frame at or above `on` must be at or above `off`.
    pub(super) fn push(&mut self, on: bool, off: bool, weight: Level) {
        let frame = self.frames;
        self.frames = frame.saturating_add(1);
        self.on = if on { self.on + 1 } else { 0 };
        self.off = if off { self.off + 1 } else { 0 };
        match &mut self.open {
            None if self.on >= ONSET => {
                let reach = (self.off - ONSET).min(REACH_BACK);
                self.open = Some((frame + 1 - ONSET - reach, frame));
                self.weight = weight;
            }
            None => {}
            Some((_, last)) if off => {
                *last = frame;
                self.weight = self.weight.max(weight);
            }
            Some((start, last)) => {
                let (start, last) = (*start, *last);
                if frame - last >= CLOSE {
                    self.open = None;
                    self.close(start, last);
                }
            }
        }
    }

    /// Ends the audio and returns the segments that weigh at least so much.
    pub(super) fn finish(mut self, least: Level) -> Vec<Segment> {
        if let Some((start, last)) = self.open.take() {
            self.close(start, last);
        }
        self.settle();
        self.segments.into_iter().filter(|(_, weight)| *weight >= least).map(|(segment, _)| segment).collect()
    }

    fn close(&mut self, start: u32, last: u32) {
        let end = (last + 1 + HANGOVER).min(self.frames);
        match &mut self.closed {
            Some((before, weight)) if start - before.end <= BRIDGE => {
                before.end = end;
                *weight = self.weight.max(*weight);
            }
            Some(_) | None => {
                self.settle();
                self.closed = Some((Segment { start, end }, self.weight));
            }
        }
    }

    /// Keeps the closed segment, which no other can join any more, if it is long enough.
    fn settle(&mut self) {
        self.segments.extend(self.closed.take().filter(|(closed, _)| closed.end - closed.start >= SHORTEST));
    }
}
