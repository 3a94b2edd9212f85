//! The sums of products that interpolation consists of, for any machine; and the choice of what to run.
//!
//! All arithmetic is on integers and exact until it is rounded once. So the order of a sum, which differs
//! between vector units, does not matter: the same samples come out everywhere.

use super::design::{OUTER, Phase, TAPS, round_sum};

/// The way to compute that suits the machine.
#[derive(Clone, Copy, Debug)]
pub enum Kernel {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
}

impl Kernel {
    /// The fastest one that this machine can run.
    pub fn fastest() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = pulp::x86::V3::try_new() {
            return Self::Avx2(avx2);
        }
        Self::Portable
    }

    /// For every sample of `window` that has all its neighbours, writes `P + 1` samples to `out`: the sample itself, and the
    /// new ones between it and the next.
    ///
    /// `window` has [`TAPS`] - 1 samples more than are interpolated.
    pub fn interpolate<const P: usize>(self, phases: &[Phase; P], window: &[i16], out: &mut [i16]) {
        match self {
            Self::Portable => interpolate(phases, window, out),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => super::avx2::interpolate(avx2, phases, window, out),
        }
    }
}

/// One sample after the other; the compiler vectorizes along the taps.
#[inline(always)]
pub fn interpolate<const P: usize>(phases: &[Phase; P], window: &[i16], out: &mut [i16]) {
    for (around, out) in window
        .array_windows::<TAPS>()
        .zip(out.chunks_exact_mut(P + 1))
    {
        out[0] = around[super::design::BEFORE];
        for (out, phase) in out[1..].iter_mut().zip(phases) {
            let inner = OUTER..TAPS - OUTER;
            let coarse = dot(&around[inner.clone()], &phase.coarse[inner]);
            *out = round_sum(coarse, dot(around, &phase.fine));
        }
    }
}

#[inline(always)]
fn dot(samples: &[i16], taps: &[i16]) -> i32 {
    samples
        .iter()
        .zip(taps)
        .map(|(&sample, &tap)| i32::from(sample) * i32::from(tap))
        .sum()
}
