//! Tells tones from voices: whether one or two sinusoids explain a frame.
//!
//! For a sinusoid `x` and any distance `m`, `x[n-m] + x[n+m] = a * x[n]`. For a sum of two, with
//! `v[n] = x[n-m] + x[n+m]` and `u[n] = x[n-2m] + x[n+2m]`, `u = a * v - b * x`. The best `a` and `b` (least squares)
//! leave a remainder. Noise in `x` would leave `2 + a^2`, or `2 + 2 * a^2 + b^2`, times its power there, so the
//! remainder tells how much of the frame is not explained.

use super::filter::Filtered;

/// A frame is tonal if what is not explained is this many times (20 dB) below it.
const EXPLAINED: i128 = 100;

/// The distances `m` of the samples compared: 1 and 1.25 ms. The longer they are, the less a voice, whose pitch moves,
/// is explained. A voice that one of them explains by chance is not explained by the other.
const LAGS: [usize; 2] = [8, 10];

/// Binary places of `a` and `b`, and of their squares.
const PLACES: u32 = 12;
const SQUARED: u32 = 2 * PLACES;

/// Whether one or two sinusoids explain the frame.
pub(super) fn is_tone(x: &Filtered) -> bool {
    LAGS.into_iter().all(|lag| is_explained(x, lag))
}

/// Whether one or two sinusoids explain the frame, with samples that far apart.
fn is_explained(x: &Filtered, lag: usize) -> bool {
    let [mut uu, mut uv, mut uw, mut vv, mut vw, mut ww] = [0_i64; 6];
    for window in x.windows(4 * lag + 1) {
        let u = i64::from(window[0] + window[4 * lag]);
        let v = i64::from(window[lag] + window[3 * lag]);
        let w = i64::from(window[2 * lag]);
        uu += u * u;
        uv += u * v;
        uw += u * w;
        vv += v * v;
        vw += v * w;
        ww += w * w;
    }
    // Filtered samples are at most 2^16, so a sum of 120 products is below 2^41, and what follows below 2^123.
    let [uu, uv, uw, vv, vw, ww] = [uu, uv, uw, vv, vw, ww].map(i128::from);
    let explained = |remainder: i128, gain: i128| (remainder * EXPLAINED) << SQUARED <= gain * ww;
    if ww == 0 {
        return false;
    }
    let a = (vw << PLACES) / ww;
    if explained(vv - vw * vw / ww, (2 << SQUARED) + a * a) {
        return true;
    }
    let determinant = vv * ww - vw * vw;
    if determinant <= 0 {
        return false;
    }
    let (for_a, for_b) = (uv * ww - uw * vw, uv * vw - uw * vv);
    let remainder = uu - (for_a * uv - for_b * uw) / determinant;
    let (a, b) = ((for_a << PLACES) / determinant, (for_b << PLACES) / determinant);
    // Two sinusoids have `a` of at most 4 and `b` of at most 6.
    a.abs().max(b.abs()) <= 8 << PLACES && explained(remainder, (2 << SQUARED) + 2 * a * a + b * b)
}
