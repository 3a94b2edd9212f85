//! The coefficients of the interpolation filters, computed while compiling from additions, multiplications and divisions only, so
//! that every machine has the same.

/// Taps of one phase: input samples that one output sample is made of.
pub const TAPS: usize = 64;

/// Binary digits after the point.
pub const FRACTION_BITS: u32 = 24;

/// The Kaiser window's shape: 12.5 trades a wider transition for images 120 dB down.
const BETA: f64 = 12.5;

/// The output sample `phase / factor` of the way from input sample 0 to 1 is the sum of `taps[k] * input[k - 31]`.
///
/// The ideal low-pass at half the input rate (a sinc) under a Kaiser window that spans 32 samples to either side. The sum of the taps is
/// exactly 1, so that a constant stays what it is.
pub const fn phase_taps(factor: usize, phase: usize) -> [i32; TAPS] {
    let mut ideal = [0.0; TAPS];
    let mut sum = 0.0;
    let mut k = 0;
    while k < TAPS {
        let time = k as f64 - (TAPS / 2 - 1) as f64 - phase as f64 / factor as f64;
        // |sin(pi * time)| is the same for all taps of a phase and falls out when the sum is made 1; its sign alternates.
        let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
        ideal[k] = sign / time * kaiser(time / (TAPS / 2) as f64);
        sum += ideal[k];
        k += 1;
    }
    let one = (1 << FRACTION_BITS) as f64;
    let mut taps = [0; TAPS];
    let mut rest = 1 << FRACTION_BITS;
    k = 0;
    while k < TAPS {
        taps[k] = round(ideal[k] / sum * one);
        rest -= taps[k];
        k += 1;
    }
    // What rounding has left over, a few units in the last place, goes to the taps next to the output sample, evenly.
    let earlier = if 2 * phase <= factor { TAPS / 2 - 1 } else { TAPS / 2 };
    let later = TAPS - 1 - earlier;
    taps[later] += rest / 2;
    taps[earlier] += rest - rest / 2;
    taps
}

/// The Kaiser window at -1 to 1, but for a factor that falls out in the end: the Bessel function I0 by its series, whose argument
/// is needed only squared.
const fn kaiser(at: f64) -> f64 {
    let quarter = BETA * BETA * (1.0 - at * at) / 4.0;
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut n = 1.0;
    while n < 80.0 {
        term *= quarter / (n * n);
        sum += term;
        n += 1.0;
    }
    sum
}

const fn round(value: f64) -> i32 {
    if value < 0.0 { (value - 0.5) as i32 } else { (value + 0.5) as i32 }
}
