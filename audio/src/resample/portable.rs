//! The sums of products on any machine.

use super::design::{BEFORE, OUTER, Phase, TAPS, round_sum};

/// Processes one sample after the other; the compiler vectorizes along the taps.
#[inline(always)]
pub(super) fn interpolate<const P: usize>(phases: &[Phase; P], window: &[i16], out: &mut [i16]) {
    for (around, out) in window.array_windows::<TAPS>().zip(out.chunks_exact_mut(P + 1)) {
        out[0] = around[BEFORE];
        for (out, phase) in out[1..].iter_mut().zip(phases) {
            let inner = OUTER..TAPS - OUTER;
            let coarse = dot(&around[inner.clone()], &phase.coarse[inner]);
            *out = round_sum(coarse, dot(around, &phase.fine));
        }
    }
}

#[inline(always)]
fn dot(samples: &[i16], taps: &[i16]) -> i32 {
    samples.iter().zip(taps).map(|(&sample, &tap)| i32::from(sample) * i32::from(tap)).sum()
}
