//! Histograms of latencies.

use std::time::Duration;

use serde::Serialize;

/// Buckets between a power of two and the next. The relative error is at most 1/64, or 1.6 percent.
const STEPS: usize = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// A histogram with logarithmic buckets: `STEPS` linear buckets per power of two, in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max_us: u64,
}

/// The histograms of a run.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    /// From sending a frame to its acknowledgement.
    pub latency: Histogram,
    /// From the time at which a frame was due to the time at which it was sent.
    pub lateness: Histogram,
    /// From the end of a call's audio to its recording.
    pub completion: Histogram,
}

/// Percentiles of a histogram, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// The median.
    pub p50_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// The maximum.
    pub max_ms: f64,
}

impl Measures {
    /// Merges the histograms of another thread.
    pub fn add(&mut self, other: &Self) {
        self.latency.add(&other.latency);
        self.lateness.add(&other.lateness);
        self.completion.add(&other.completion);
    }
}

impl Histogram {
    /// Records a duration `times` times.
    pub fn note(&mut self, took: Duration, times: u64) {
        if times == 0 {
            return;
        }
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = bucket_of(microseconds);
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += times;
        self.total += times;
        self.max_us = self.max_us.max(microseconds);
    }

    /// The percentiles; `None` if the histogram is empty.
    #[must_use]
    pub fn spread(&self) -> Option<Spread> {
        let milliseconds = |microseconds: u64| microseconds.min(self.max_us) as f64 / 1e3;
        (self.total > 0).then(|| Spread {
            p50_ms: milliseconds(self.quantile(0.5)),
            p99_ms: milliseconds(self.quantile(0.99)),
            max_ms: milliseconds(self.max_us),
        })
    }

    /// The upper end of the bucket that holds the quantile, in microseconds.
    fn quantile(&self, quantile: f64) -> u64 {
        let rank = (self.total as f64 * quantile).ceil() as u64;
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        found.map_or(self.max_us, bucket_end)
    }

    fn add(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
        self.max_us = self.max_us.max(other.max_us);
    }
}

/// The bucket of a value. Values below `2 * STEPS` have buckets of their own; larger ones share a bucket by their
/// highest bits.
fn bucket_of(value: u64) -> usize {
    let exponent = value.checked_ilog2().unwrap_or(0).saturating_sub(STEP_BITS);
    (exponent as usize) * STEPS + (value >> exponent) as usize
}

/// The largest value of a bucket.
fn bucket_end(bucket: usize) -> u64 {
    let exponent = (bucket / STEPS).saturating_sub(1);
    let step = (bucket - exponent * STEPS) as u64;
    (((u128::from(step) + 1) << exponent) - 1).min(u128::from(u64::MAX)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_each_other_and_hold_what_they_should() {
        for value in (0..10_000).chain([1 << 20, (1 << 20) - 1, u64::MAX / 3, u64::MAX]) {
            let end = bucket_end(bucket_of(value));
            assert!(end >= value && end - value <= value / 64, "{value}: {end}");
            assert!(end == u64::MAX || bucket_of(end + 1) == bucket_of(value) + 1, "{value}: {end}");
        }
    }

    #[test]
    fn a_distribution_is_told_in_three_numbers() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.spread(), None);
        for milliseconds in 1..=1_000 {
            histogram.note(Duration::from_millis(milliseconds), 1);
        }
        let mut sum = Histogram::default();
        sum.note(Duration::from_secs(7), 1);
        sum.add(&histogram);
        let Some(spread) = sum.spread() else { panic!("nothing") };
        assert!((spread.p50_ms - 500.0).abs() < 10.0 && (spread.p99_ms - 990.0).abs() < 20.0, "{spread:?}");
        assert!((spread.max_ms - 7_000.0).abs() < 1e-9, "{spread:?}");
    }
}
