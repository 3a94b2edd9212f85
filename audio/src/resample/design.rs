//! The taps of the interpolation filters. They are computed at compile time, by additions, multiplications and
//! divisions only, so that every machine has the same.
#![expect(clippy::as_conversions, reason = "samples are widened, scaled and cut to their range")]

/// Taps per phase: the number of input samples that contribute to an output sample.
pub(super) const TAPS: usize = 64;

/// Input samples before an output sample's position, and after it.
pub(super) const BEFORE: usize = TAPS / 2 - 1;
pub(super) const AFTER: usize = TAPS / 2;

/// Fractional bits of a tap: those of its coarse part, and those that its fine part adds. With fewer, images would be
/// louder than -121 dB.
pub(super) const COARSE_BITS: u32 = 13;
pub(super) const FINE_BITS: u32 = 9;
const FRACTION_BITS: u32 = COARSE_BITS + FINE_BITS;

/// Added before rounding to the nearest: half a unit of the coarse part.
pub(super) const HALF: i32 = 1 << (COARSE_BITS - 1);

/// Taps at either end that are so small that the fine part holds them entirely.
pub(super) const OUTER: usize = 14;

/// The Kaiser window's shape: the larger, the deeper the stop-band and the wider the transition.
const BETA: f64 = 12.5;

/// The taps of one phase, each split into two 16-bit numbers, because vector units multiply those: `coarse / 2^13 +
/// fine / 2^22`. Sums of products of either part with any samples fit into 32 bits.
#[derive(Debug)]
pub(super) struct Phase {
    pub coarse: [i16; TAPS],
    pub fine: [i16; TAPS],
}

impl Phase {
    /// The phase for the output sample at `phase / factor` between one input sample and the next: the sum of `taps[k] *
    /// input[k - BEFORE]`.
    pub(super) const fn new(factor: usize, phase: usize) -> Self {
        let taps = taps(factor, phase);
        let mut split = Self { coarse: [0; TAPS], fine: [0; TAPS] };
        let mut sums = [0, 0];
        let mut k = 0;
        while k < TAPS {
            let is_outer = k < OUTER || k >= TAPS - OUTER;
            let coarse = if is_outer { 0 } else { (taps[k] + (1 << (FINE_BITS - 1))) >> FINE_BITS };
            let fine = taps[k] - (coarse << FINE_BITS);
            split.coarse[k] = narrow(coarse);
            split.fine[k] = narrow(fine);
            sums[0] += coarse.unsigned_abs();
            sums[1] += fine.unsigned_abs();
            k += 1;
        }
        // `round_sum` adds both sums and a half.
        assert!(sums[0] < 1 << 15 && sums[1] < 1 << 16, "sums of products fit into 32 bits");
        split
    }
}

/// The output sample, rounded to the nearest (a half up) and saturated, from the two sums of products.
#[inline(always)]
pub(super) const fn round_sum(coarse: i32, fine: i32) -> i16 {
    // The bits that the shift drops are less than one unit of the coarse sum and cannot change its rounding.
    let rounded = (coarse + (fine >> FINE_BITS) + HALF) >> COARSE_BITS;
    if rounded < i16::MIN as i32 {
        i16::MIN
    } else if rounded > i16::MAX as i32 {
        i16::MAX
    } else {
        rounded as i16
    }
}

/// An ideal low-pass at half the input rate, a sinc, under a Kaiser window of 32 input samples to either side. The taps
/// sum to exactly 1, so that a constant stays constant.
const fn taps(factor: usize, phase: usize) -> [i32; TAPS] {
    let mut ideal = [0.0; TAPS];
    let mut sum = 0.0;
    let mut k = 0;
    while k < TAPS {
        let time = k as f64 - BEFORE as f64 - phase as f64 / factor as f64;
        // The sinc is sin(pi * time) / (pi * time). Within a phase the sine only changes its sign; its magnitude and pi
        // cancel out when the sum is normalized to 1.
        let sine = if k % 2 == 0 { 1.0 } else { -1.0 };
        ideal[k] = sine / time * kaiser(time / AFTER as f64);
        sum += ideal[k];
        k += 1;
    }
    let one = 1 << FRACTION_BITS;
    let mut taps = [0; TAPS];
    let mut rest = one;
    k = 0;
    while k < TAPS {
        taps[k] = round(ideal[k] / sum * one as f64);
        rest -= taps[k];
        k += 1;
    }
    // The remainder of rounding goes to the two largest taps, the larger one first.
    let largest = if 2 * phase <= factor { BEFORE } else { BEFORE + 1 };
    taps[largest] += rest - rest / 2;
    taps[TAPS - 1 - largest] += rest / 2;
    taps
}

/// The Kaiser window at -1 to 1, up to a constant factor that normalization cancels. It is the Bessel function I0,
/// whose series only needs the square of its argument.
const fn kaiser(at: f64) -> f64 {
    let quarter = BETA * BETA * (1.0 - at * at) / 4.0;
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut n = 1.0;
    while n < 60.0 {
        term *= quarter / (n * n);
        sum += term;
        n += 1.0;
    }
    sum
}

const fn round(value: f64) -> i32 {
    if value < 0.0 { (value - 0.5) as i32 } else { (value + 0.5) as i32 }
}

const fn narrow(value: i32) -> i16 {
    assert!(value >= i16::MIN as i32 && value <= i16::MAX as i32, "a part of a tap has 16 bits");
    value as i16
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// A phase's taps, and where each lies, in input samples from the output sample.
    fn placed(factor: usize, phase: usize) -> impl Iterator<Item = (f64, f64)> {
        let one = f64::from(1 << FRACTION_BITS);
        let offset = BEFORE as f64 + phase as f64 / factor as f64;
        (0..TAPS).zip(taps(factor, phase)).map(move |(k, tap)| (k as f64 - offset, f64::from(tap) / one))
    }

    /// The whole filter's response, of size `factor` in the pass-band divided by that, in decibels. Its phase
    /// is zero up to what rounding makes of the taps' symmetry, which is in here too.
    fn response(factor: usize, hz: f64) -> f64 {
        let turns = TAU * hz / 8000.0;
        let [mut re, mut im] = [1.0, 0.0];
        for phase in 1..factor {
            for (time, tap) in placed(factor, phase) {
                re += tap * (turns * time).cos();
                im += tap * (turns * time).sin();
            }
        }
        20.0 * (f64::hypot(re, im) / factor as f64).log10()
    }

    #[test]
    fn before_rounding_images_are_120_db_down_and_the_pass_band_is_flat() {
        for factor in [2, 3] {
            let ripple = (0..=3400).map(|hz| response(factor, hz.into()).abs()).fold(0.0, f64::max);
            let images = (300..=3400).flat_map(|hz| [8000 - hz, 8000 + hz, 16_000 - hz]);
            let images = images.filter(|&hz| hz <= 4000 * factor as i32);
            let image = images.map(|hz| response(factor, hz.into())).fold(f64::MIN, f64::max);
            println!("times {factor}: images {image:.1} dB, ripple {ripple:.6} dB");
            assert!(image <= -120.0);
            assert!(ripple <= 0.0001);
        }
    }

    #[test]
    fn a_phase_and_its_mirror_image_have_the_same_taps_and_a_sum_of_one() {
        for (factor, phase) in [(2, 1), (3, 1), (3, 2)] {
            let mut mirrored = taps(factor, factor - phase);
            mirrored.reverse();
            assert_eq!(taps(factor, phase), mirrored);
            assert_eq!(mirrored.iter().sum::<i32>(), 1 << FRACTION_BITS);
        }
    }

    #[test]
    fn the_parts_of_a_tap_make_up_the_tap() {
        for (factor, phase) in [(2, 1), (3, 1), (3, 2)] {
            let Phase { coarse, fine } = Phase::new(factor, phase);
            for (k, tap) in taps(factor, phase).into_iter().enumerate() {
                assert_eq!((i32::from(coarse[k]) << FINE_BITS) + i32::from(fine[k]), tap);
            }
        }
    }

    #[test]
    fn rounding_is_to_the_nearest_and_saturates() {
        let one = 1 << COARSE_BITS;
        assert_eq!([round_sum(one / 2 - 1, 511), round_sum(one / 2, 0)], [0, 1]);
        assert_eq!([round_sum(-one / 2 - 1, 511), round_sum(-one / 2, 0)], [-1, 0]);
        assert_eq!(round_sum(one / 2, -1), 0);
        assert_eq!([round_sum(one * 40_000, 0), round_sum(one * -40_000, 0)], [i16::MAX, i16::MIN]);
    }
}
