//! Lays out a track's chunks in time: silence for missing audio, no audio twice, no drift.
//!
//!
//! One [`Timeline`] lays out one track, chunk by chunk, ordered by (timestamp, sequence), or by sequence if there are
//! no timestamps. It counts samples at the codec's rate without looking at them. Sample 0 is the start of the stream.

/// How one track has been laid out so far.
#[derive(Clone, Debug)]
pub struct Timeline {
    rate: u32,
    position: u64,
    gaps: Vec<Gap>,
    overlap_samples: u64,
}

/// How to place a chunk so that it continues its track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Samples of silence to put before the chunk.
    pub silence: u64,
    /// Samples to drop from the chunk's start because the track has them already. Up to the whole chunk.
    pub skip: u64,
}

/// A range of silence in place of audio that never arrived; `end` is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first missing sample.
    pub start: u64,
    /// The sample after the last missing one.
    pub end: u64,
}

impl Timeline {
    /// An empty track with `rate` samples per second.
    #[must_use]
    pub const fn new(rate: u32) -> Self {
        Self { rate, position: 0, gaps: Vec::new(), overlap_samples: 0 }
    }

    /// Lays out the next chunk, of `samples` samples.
    ///
    /// Without a timestamp, the chunk follows the previous one directly. With one, clocks may jitter by 10 ms (`rate /
    /// 100` samples) either way: such a chunk also follows directly. Timestamps are always compared with the samples
    /// laid out, so jitter never accumulates. Further ahead, the difference becomes silence and a gap. Further back,
    /// the part that the track already has is dropped and counted as overlap.
    pub fn place(&mut self, timestamp_ms: Option<u32>, samples: u64) -> Placement {
        let placement = match timestamp_ms {
            Some(timestamp_ms) => self.compare(timestamp_ms, samples),
            None => Placement::default(),
        };
        if placement.silence > 0 {
            self.note_gap(placement.silence);
        }
        self.overlap_samples += placement.skip;
        self.position += placement.silence + samples - placement.skip;
        placement
    }

    /// Number of samples laid out so far, including silence.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The gaps so far, in order.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Number of samples dropped because the track had them already.
    #[must_use]
    pub const fn overlap_samples(&self) -> u64 {
        self.overlap_samples
    }

    fn compare(&self, timestamp_ms: u32, samples: u64) -> Placement {
        let rate = u64::from(self.rate);
        let stamped = u64::from(timestamp_ms) * rate / 1000;
        let ahead = stamped.saturating_sub(self.position);
        let behind = self.position.saturating_sub(stamped);
        if ahead.max(behind) <= rate / 100 {
            Placement::default()
        } else {
            Placement { silence: ahead, skip: behind.min(samples) }
        }
    }

    /// Records a gap of silence at the current position. Two gaps can only be adjacent if all chunks between them were
    /// empty; they are merged.
    fn note_gap(&mut self, samples: u64) {
        let end = self.position + samples;
        match self.gaps.last_mut() {
            Some(last) if last.end == self.position => last.end = end,
            _ => self.gaps.push(Gap { start: self.position, end }),
        }
    }
}
