//! All other ratios, with a polyphase filter that has a phase for every position of an output sample.
//!
//! Output sample `m` lies at `m * step_in / step_out` input samples. The whole part of that selects the window of input
//! samples, the rest the phase. So the filter's state is the window and the number of samples pushed so far, which is
//! all that a conversion in pieces needs to continue.
//!
//! The arithmetic is in 32-bit floats, in an order that does not depend on the machine. The taps are computed with
//! additions, multiplications and divisions only. So every machine outputs the same samples.
//! docs/decisions/resampling.md says why this is not a library.
#![expect(clippy::as_conversions, reason = "samples are widened, scaled and cut to their range")]

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use super::{length::resampled_len, prototype::Filter};

/// Input samples filtered at a time.
const BLOCK: usize = 4096;

/// Partial sums of a dot product, so that vector units can be used.
const LANES: usize = 32;

/// Filters by the steps of their rates.
type Filters = HashMap<(u32, u32), Arc<Filter>>;

/// The filters used so far. They are kept because computing one is slow. One takes up to 1.3 MB, and a few
/// megabytes hold those of all [rates](super::SAMPLE_RATES).
static FILTERS: LazyLock<Mutex<Filters>> = LazyLock::new(Mutex::default);

/// Resamples between any two rates.
pub(super) struct General {
    from_hz: u32,
    to_hz: u32,
    filter: Arc<Filter>,
    /// The input samples from the next output sample's window on.
    window: Vec<f32>,
    /// The phase of the next output sample.
    phase: usize,
    /// Samples pushed since the start.
    pushed: u64,
    /// Samples appended since the start.
    given: u64,
}

impl General {
    pub(super) fn new(from_hz: u32, to_hz: u32) -> Self {
        let divisor = gcd(from_hz, to_hz);
        let steps = (from_hz / divisor, to_hz / divisor);
        // Computed under the lock, so that it is not computed twice.
        let mut filters = FILTERS.lock().unwrap_or_else(PoisonError::into_inner);
        let filter = Arc::clone(
            filters.entry(steps).or_insert_with(|| Arc::new(Filter::new(steps.0 as usize, steps.1 as usize, LANES))),
        );
        let window = vec![0.0; filter.before];
        Self { from_hz, to_hz, filter, window, phase: 0, pushed: 0, given: 0 }
    }

    pub(super) fn push(&mut self, input: &[i16], out: &mut Vec<i16>) {
        self.pushed += input.len() as u64;
        for block in input.chunks(BLOCK) {
            self.window.extend(block.iter().map(|&sample| f32::from(sample)));
            self.filter(u64::MAX, out);
        }
    }

    /// Flushes the samples that are held back, followed by silence, and resets the filter.
    pub(super) fn finish(&mut self, out: &mut Vec<i16>) {
        let total = resampled_len(self.pushed, self.from_hz, self.to_hz);
        while self.given < total {
            self.window.resize(self.window.len() + self.filter.taps, 0.0);
            self.filter(total, out);
        }
        self.window.clear();
        self.window.resize(self.filter.before, 0.0);
        (self.phase, self.pushed, self.given) = (0, 0, 0);
    }

    /// The filter's whole state: the number of samples pushed since the start, and the window.
    pub(super) fn history(&self) -> (u64, Vec<i16>) {
        (self.pushed, self.window.iter().map(|&sample| sample as i16).collect())
    }

    /// Continues from a [history](Self::history). Returns false, and changes nothing, if the window does not have the
    /// length that follows from `pushed`.
    pub(super) fn resume(&mut self, pushed: u64, window: &[i16]) -> bool {
        let (step_in, step_out) = (self.filter.step_in as u128, self.filter.step_out as u128);
        let after = (self.filter.taps - self.filter.before - 1) as u64;
        // All outputs whose window is complete have been appended.
        let given = (u128::from(pushed.saturating_sub(after)) * step_out).div_ceil(step_in);
        let place = given * step_in;
        let length = u128::from(pushed) + self.filter.before as u128 - place / step_out;
        if window.len() as u128 != length || pushed > 1 << 60 {
            return false;
        }
        self.window.clear();
        self.window.extend(window.iter().map(|&sample| f32::from(sample)));
        (self.phase, self.pushed, self.given) = ((place % step_out) as usize, pushed, given as u64);
        true
    }

    /// Appends the outputs whose windows are complete, but no more than `total` samples since the start.
    fn filter(&mut self, total: u64, out: &mut Vec<i16>) {
        let most = self.window.len() / self.filter.step_in * self.filter.step_out + self.filter.step_out;
        out.reserve(most.min(usize::try_from(total - self.given).unwrap_or(usize::MAX)));
        let before = out.len();
        let work =
            Work { filter: &self.filter, window: &self.window, phase: self.phase, most: total - self.given, out };
        let (used, phase) = work.run();
        self.given += (out.len() - before) as u64;
        self.phase = phase;
        self.window.drain(..used);
    }
}

/// The arguments of one run over the window.
struct Work<'a> {
    filter: &'a Filter,
    window: &'a [f32],
    phase: usize,
    most: u64,
    out: &'a mut Vec<i16>,
}

impl Work<'_> {
    /// Filters with AVX2 where available, which does not change the order of any sum.
    fn run(self) -> (usize, usize) {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = pulp::x86::V3::try_new() {
            return avx2.vectorize(self);
        }
        self.filter()
    }

    /// Returns how many samples of the window are no longer needed, and the next output's phase.
    #[inline(always)]
    fn filter(self) -> (usize, usize) {
        let Self { filter, window, mut phase, mut most, out } = self;
        let mut at = 0;
        while most > 0 && at + filter.taps <= window.len() {
            let sum = dot(filter.phase(phase), &window[at..at + filter.taps]);
            // A cast from float to integer truncates and saturates.
            out.push((sum + 0.5f32.copysign(sum)) as i16);
            most -= 1;
            phase += filter.step_in;
            at += phase / filter.step_out;
            phase %= filter.step_out;
        }
        (at.min(window.len()), phase)
    }
}

#[cfg(target_arch = "x86_64")]
impl pulp::NullaryFnOnce for Work<'_> {
    type Output = (usize, usize);

    #[inline(always)]
    fn call(self) -> Self::Output {
        self.filter()
    }
}

/// The sum of products in a fixed order: `LANES` partial sums, which are then added in pairs.
#[inline(always)]
fn dot(taps: &[f32], samples: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    for (taps, samples) in taps.as_chunks::<LANES>().0.iter().zip(samples.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            sums[lane] += taps[lane] * samples[lane];
        }
    }
    total(&sums)
}

/// The sum of all lanes. It is a function of its own because the optimizer otherwise lays out the loop of [`dot`] for
/// the last pair of lanes, in vectors of two.
#[inline(never)]
fn total(sums: &[f32; LANES]) -> f32 {
    let mut sums = *sums;
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
        half /= 2;
    }
    sums[0]
}

impl fmt::Debug for General {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("General").field("from_hz", &self.from_hz).field("to_hz", &self.to_hz).finish_non_exhaustive()
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
