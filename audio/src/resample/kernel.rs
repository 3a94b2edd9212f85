//! The sums of products that make up interpolation: the choice of an implementation.
//!
//!
//! All arithmetic is on integers, and exact until the one rounding at the end. The order of a sum differs between
//! vector units but does not matter: every machine outputs the same samples.

#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::{design::Phase, portable};

/// An implementation of the sums.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kernel {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
}

impl Kernel {
    /// The fastest implementation that this machine can run.
    pub(super) fn fastest() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = pulp::x86::V3::try_new() {
            return Self::Avx2(avx2);
        }
        Self::Portable
    }

    /// For every sample of `window` with all its neighbours, writes `P + 1` samples to `out`: the sample itself, and
    /// the new ones between it and the next.
    ///
    ///
    /// `window` has [`TAPS`](super::design::TAPS) - 1 samples more than are interpolated.
    pub(super) fn interpolate<const P: usize>(self, phases: &[Phase; P], window: &[i16], out: &mut [i16]) {
        match self {
            Self::Portable => portable::interpolate(phases, window, out),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2::interpolate(avx2, phases, window, out),
        }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::resample::design::TAPS;

    /// All implementations give the same samples, for any number of them.
    fn agree<const P: usize>(phases: &[Phase; P], window: &[i16]) {
        let count = window.len().saturating_sub(TAPS - 1);
        let mut portable = vec![0; count * (P + 1)];
        let mut fastest = portable.clone();
        Kernel::Portable.interpolate(phases, window, &mut portable);
        Kernel::fastest().interpolate(phases, window, &mut fastest);
        assert!(portable == fastest);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn the_fastest_way_gives_what_the_portable_one_gives(window: [i16; TAPS * 3], length in 0..TAPS * 3) {
            agree(&[Phase::new(2, 1)], &window[..length]);
            agree(&[Phase::new(3, 1), Phase::new(3, 2)], &window[..length]);
        }
    }

    #[test]
    fn the_largest_sums_there_are_do_not_wrap() {
        for phase in [Phase::new(2, 1), Phase::new(3, 1), Phase::new(3, 2)] {
            for taps in [phase.coarse, phase.fine] {
                let window: Vec<i16> =
                    taps.iter().map(|&tap| if tap < 0 { i16::MIN } else { i16::MAX }).cycle().take(200).collect();
                agree(&[Phase::new(2, 1)], &window);
                agree(&[Phase::new(3, 1), Phase::new(3, 2)], &window);
                let inverted: Vec<i16> = window.iter().map(|&sample| !sample).collect();
                agree(&[Phase::new(2, 1)], &inverted);
                agree(&[Phase::new(3, 1), Phase::new(3, 2)], &inverted);
            }
        }
    }
}
