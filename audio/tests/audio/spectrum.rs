//! Tones and their spectra: helpers without tests.

use std::f64::consts::TAU;

use audio::resample;
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// Close to full scale, but not clipped by a filter's overshoot.
pub(crate) const AMPLITUDE: f64 = 29_000.0;

/// A sine of `AMPLITUDE` at a whole number of hertz.
pub(crate) fn tone(hz: u32, rate: u32, seconds: u32) -> Vec<i16> {
    let sample = |n: u64| {
        // Whole periods are removed before the product exceeds a float's precision.
        let turns = u64::from(hz) * n % u64::from(rate);
        (AMPLITUDE * (TAU * turns as f64 / f64::from(rate)).sin()).round() as i16
    };
    (0..u64::from(rate * seconds)).map(sample).collect()
}

/// A spectrum with one bin per hertz, from one second of samples. A sine of amplitude 1 has 1 in its bin.
pub(crate) struct Spectrum(Vec<Complex<f64>>);

impl Spectrum {
    pub(crate) fn of(second: &[i16]) -> Self {
        let fft = RealFftPlanner::<f64>::new().plan_fft_forward(second.len());
        let mut input: Vec<f64> = second.iter().map(|&sample| f64::from(sample)).collect();
        let mut bins = fft.make_output_vec();
        fft.process(&mut input, &mut bins).unwrap();
        let scale = 2.0 / second.len() as f64;
        Self(bins.into_iter().map(|bin| bin * scale).collect())
    }

    /// The output for a tone, from its second second of three, so that neither end is included.
    pub(crate) fn of_resampled(hz: u32, from_hz: u32, to_hz: u32) -> Self {
        let out = resample(&tone(hz, from_hz, 3), from_hz, to_hz);
        let second = to_hz as usize;
        Self::of(&out[second..2 * second])
    }

    /// Half the sample rate.
    pub(crate) fn end(&self) -> u32 {
        self.0.len() as u32 - 1
    }

    /// The amplitude at a frequency.
    pub(crate) fn at(&self, hz: u32) -> f64 {
        self.0[hz as usize].norm()
    }

    /// The delay of the tone at a frequency, in turns of -0.5 to 0.5.
    pub(crate) fn lateness(&self, hz: u32) -> f64 {
        // The bin of a sine points to minus a quarter turn.
        let turns = -(self.0[hz as usize].arg() / TAU) - 0.25;
        turns - turns.round()
    }

    /// The largest amplitude outside the tone's own bin.
    pub(crate) fn worst_besides(&self, tone: u32) -> f64 {
        (0..=self.end()).filter(|&hz| hz != tone).map(|hz| self.at(hz)).fold(0.0, f64::max)
    }
}

pub(crate) fn decibels(ratio: f64) -> f64 {
    20.0 * ratio.log10()
}
