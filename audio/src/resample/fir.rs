//! Times two and times three by an L-th-band polyphase filter.
//!
//! Linear phase and no delay: output sample `L * n` is input sample `n` itself, bit for bit. All arithmetic is on integers, so that
//! the output is the same on every machine, whatever its vector units.

use super::design::{FRACTION_BITS, TAPS, phase_taps};

/// Input samples that an output sample needs before its own place, and after it.
const BEFORE: usize = TAPS / 2 - 1;
const AFTER: usize = TAPS / 2;

/// Input samples that are filtered at a time.
const BLOCK: usize = 2048;

/// Interpolates by `L`, 2 or 3.
#[derive(Debug)]
pub struct Fir<const L: usize> {
    /// The last input samples, those that are still needed, then those not yet used.
    window: Vec<i16>,
}

impl<const L: usize> Fir<L> {
    const PHASES: [[i32; TAPS]; L] = {
        let mut phases = [[0; TAPS]; L];
        let mut phase = 1;
        while phase < L {
            phases[phase] = phase_taps(L, phase);
            phase += 1;
        }
        phases
    };

    pub fn new() -> Self {
        let mut window = Vec::with_capacity(TAPS + BLOCK);
        window.resize(BEFORE, 0);
        Self { window }
    }

    pub fn push(&mut self, input: &[i16], out: &mut Vec<i16>) {
        for block in input.chunks(BLOCK) {
            self.window.extend_from_slice(block);
            self.filter(out);
        }
    }

    /// Lets the samples that are kept back go out, followed by silence, and starts anew.
    pub fn finish(&mut self, out: &mut Vec<i16>) {
        let pending = self.window.len() - BEFORE;
        if pending > 0 {
            let missing = (BEFORE + AFTER + 1).saturating_sub(BEFORE + 1);
            self.window.resize(self.window.len() + missing, 0);
            self.filter(out);
        }
        self.window.clear();
        self.window.resize(BEFORE, 0);
    }

    fn filter(&mut self, out: &mut Vec<i16>) {
        let count = self.window.len().saturating_sub(BEFORE + AFTER);
        for around in self.window.windows(TAPS).take(count) {
            out.push(around[BEFORE]);
            for taps in &Self::PHASES[1..] {
                let sum: i64 = taps.iter().zip(around).map(|(&tap, &sample)| i64::from(tap) * i64::from(sample)).sum();
                let rounded = (sum + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS;
                out.push(rounded.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16);
            }
        }
        self.window.drain(..count);
    }
}
