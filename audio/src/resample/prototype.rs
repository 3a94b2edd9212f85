//! The taps of the filters for general ratios, computed when a ratio is first needed.
#![expect(clippy::as_conversions, reason = "samples are widened, scaled and cut to their range")]

/// Samples at the lower rate that the filter spans to either side. More would let the pass-band come closer to half
/// that rate, and take more memory for the state of a conversion in pieces.
const HALF_WIDTH: usize = 120;

/// The filter's -6 dB edge, as a share of the lower rate. The transition is from 0.48 to 0.51.
const EDGE: f64 = 0.495;

/// The Kaiser window's shape: the stop-band is 110 dB down.
const BETA: f64 = 11.2;

/// A low-pass filter in phases.
pub(super) struct Filter {
    /// The rates divided by their greatest common divisor: so many input samples become so many output samples.
    pub step_in: usize,
    pub step_out: usize,
    /// Taps per phase, a multiple of the lanes. Taps beyond the filter's width are 0.
    pub taps: usize,
    /// Input samples of the window before the whole part of an output sample's position.
    pub before: usize,
    /// The taps of phase 0, then those of phase 1, and so on.
    phases: Vec<f32>,
}

impl Filter {
    pub(super) fn new(step_in: usize, step_out: usize, lanes: usize) -> Self {
        // The lower rate as a share of the input rate.
        let scale = (step_out as f64 / step_in as f64).min(1.0);
        let half = (HALF_WIDTH * step_in.max(step_out)).div_ceil(step_out);
        let (before, taps) = (half - 1, (2 * half).next_multiple_of(lanes));
        let mut phases = Vec::with_capacity(taps * step_out);
        let mut ideal = vec![0.0; taps];
        for phase in 0..step_out {
            let offset = before as f64 + phase as f64 / step_out as f64;
            for (k, tap) in ideal.iter_mut().enumerate() {
                let time = (k as f64 - offset) * scale;
                *tap = sinc(2.0 * EDGE * time) * kaiser(time / HALF_WIDTH as f64);
            }
            // The taps of a phase sum to 1, so that a constant stays constant.
            let sum: f64 = ideal.iter().sum();
            phases.extend(ideal.iter().map(|tap| (tap / sum) as f32));
        }
        Self { step_in, step_out, taps, before, phases }
    }

    #[inline(always)]
    pub(super) fn phase(&self, phase: usize) -> &[f32] {
        &self.phases[phase * self.taps..][..self.taps]
    }
}

/// `sin(pi * x) / (pi * x)`.
fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    // The sine of the distance to the nearest whole number, by its series.
    let nearest = x.round();
    let angle = (x - nearest) * std::f64::consts::PI;
    let (mut term, mut sum, mut n) = (angle, angle, 1.0);
    while n < 23.0 {
        term *= -angle * angle / ((n + 1.0) * (n + 2.0));
        sum += term;
        n += 2.0;
    }
    let sine = if nearest % 2.0 == 0.0 { sum } else { -sum };
    sine / (std::f64::consts::PI * x)
}

/// The Kaiser window at -1 to 1 and 0 beyond, up to a constant factor that normalization cancels. It is the Bessel
/// function I0, whose series only needs the square of its argument.
fn kaiser(at: f64) -> f64 {
    if at.abs() > 1.0 {
        return 0.0;
    }
    let quarter = BETA * BETA * (1.0 - at * at) / 4.0;
    let (mut term, mut sum, mut n) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 {
        term *= quarter / (n * n);
        sum += term;
        n += 1.0;
    }
    sum
}
