//! Interpolation by two and three with an L-th-band polyphase filter, streaming.
//!
//!
//! Linear phase and no delay: output sample `L * n` is input sample `n` itself, bit for bit.

use super::design::{AFTER, BEFORE, Phase};
use super::kernel::Kernel;

/// Input samples filtered at a time.
const BLOCK: usize = 2048;

static DOUBLE: [Phase; 1] = [Phase::new(2, 1)];
static TRIPLE: [Phase; 2] = [Phase::new(3, 1), Phase::new(3, 2)];

/// Interpolates by `P + 1`: inserts `P` new samples between two input samples, one per phase.
#[derive(Debug)]
pub(super) struct Fir<const P: usize> {
    phases: &'static [Phase; P],
    kernel: Kernel,
    /// The samples before the next output's position, followed by those from there on.
    window: Vec<i16>,
}

impl Fir<1> {
    pub(super) fn double() -> Self {
        Self::new(&DOUBLE)
    }
}

impl Fir<2> {
    pub(super) fn triple() -> Self {
        Self::new(&TRIPLE)
    }
}

impl<const P: usize> Fir<P> {
    fn new(phases: &'static [Phase; P]) -> Self {
        let mut window = Vec::with_capacity(BEFORE + AFTER + BLOCK);
        window.resize(BEFORE, 0);
        Self { phases, kernel: Kernel::fastest(), window }
    }

    pub(super) fn push(&mut self, input: &[i16], out: &mut Vec<i16>) {
        for block in input.chunks(BLOCK) {
            self.window.extend_from_slice(block);
            self.filter(out);
        }
    }

    /// Flushes the samples that are held back, followed by silence, and resets the filter.
    pub(super) fn finish(&mut self, out: &mut Vec<i16>) {
        self.push(&[0; AFTER], out);
        self.window.clear();
        self.window.resize(BEFORE, 0);
    }

    /// The samples that are still needed.
    pub(super) fn window(&self) -> &[i16] {
        &self.window
    }

    /// Continues from the [window](Self::window) of another filter. Returns false if its length is impossible.
    pub(super) fn resume(&mut self, window: &[i16]) -> bool {
        let fits = (BEFORE..=BEFORE + AFTER).contains(&window.len());
        if fits {
            self.window.clear();
            self.window.extend_from_slice(window);
        }
        fits
    }

    /// Appends the outputs for all input samples with enough samples after them.
    fn filter(&mut self, out: &mut Vec<i16>) {
        let count = self.window.len().saturating_sub(BEFORE + AFTER);
        let start = out.len();
        out.resize(start + count * (P + 1), 0);
        self.kernel.interpolate(self.phases, &self.window, &mut out[start..]);
        let kept = self.window.len() - count;
        self.window.copy_within(count.., 0);
        self.window.truncate(kept);
    }
}
