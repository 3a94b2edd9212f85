//! Where a track's chunks lie: silence for what is missing, nothing twice, no drift.
//!
//! One [`Timeline`] lays out one track, chunk by chunk, in order of (timestamp, sequence), or of sequence without timestamps. It counts
//! samples at the codec's rate and never sees one. Sample 0 is the start of the stream.

/// How one track has been laid out so far.
#[derive(Clone, Debug)]
pub struct Timeline {
    rate: u32,
    position: u64,
    gaps: Vec<Gap>,
    overlap_samples: u64,
}

/// What has to be done to a chunk so that it continues its track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Samples of silence to put before the chunk.
    pub silence: u64,
    /// Samples to drop from the chunk's start, since the track has them already; all of them if it covers the whole chunk.
    pub skip: u64,
}

/// A stretch of silence that stands for audio that never came; `start` is in it, `end` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first missing sample.
    pub start: u64,
    /// The sample after the last missing one.
    pub end: u64,
}

impl Timeline {
    /// An empty track at `rate` samples a second.
    #[must_use]
    pub const fn new(rate: u32) -> Self {
        Self { rate, position: 0, gaps: Vec::new(), overlap_samples: 0 }
    }

    /// Lays out the next chunk, of `samples` samples.
    ///
    /// Without a timestamp it is joined to the one before it. With one, clocks may jitter by 10 ms (`rate / 100` samples) either way: the
    /// chunk is joined too, and since the next one is compared with the samples laid out, the error never adds up. Further ahead, the
    /// time between is silence and a gap; further back, what the track has already is dropped and counted as overlap.
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

    /// How many samples are laid out so far, silence included.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The gaps so far, in order.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// How many samples have been dropped because the track had them already.
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

    /// Notes that silence follows. Only chunks without a sample can leave one gap at the end of another; those are one gap.
    fn note_gap(&mut self, samples: u64) {
        let end = self.position + samples;
        match self.gaps.last_mut() {
            Some(last) if last.end == self.position => last.end = end,
            _ => self.gaps.push(Gap { start: self.position, end }),
        }
    }
}
