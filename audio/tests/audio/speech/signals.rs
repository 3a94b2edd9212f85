//! Noise and tones at 8 kHz with a fixed seed, in floats of -1 to 1, and their way to a recording's samples.

use std::f64::consts::TAU;

use audio::{Resampler, mulaw_to_pcm16, pcm16_to_mulaw};

pub(crate) const RATE: f64 = 8000.0;

/// Random numbers: xorshift64* by Vigna.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Normal distribution, near enough: 12 uniform numbers.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

pub(crate) fn decibels(db: f64) -> f64 {
    10_f64.powf(db / 20.0)
}

pub(crate) fn rms(signal: &[f64]) -> f64 {
    (signal.iter().map(|sample| sample * sample).sum::<f64>() / signal.len().max(1) as f64).sqrt()
}

/// The signal at an RMS level in dBFS (0 dBFS is the square wave of full scale).
pub(crate) fn at_level(mut signal: Vec<f64>, dbfs: f64) -> Vec<f64> {
    let gain = decibels(dbfs) / rms(&signal).max(1e-9);
    signal.iter_mut().for_each(|sample| *sample *= gain);
    signal
}

pub(crate) fn white(length: usize, seed: u64) -> Vec<f64> {
    let mut random = Random::new(seed);
    (0..length).map(|_| random.normal()).collect()
}

/// Noise that falls by 3 dB an octave, by the filter of Kellet ("pk3").
pub(crate) fn pink(length: usize, seed: u64) -> Vec<f64> {
    let poles = [(0.99765, 0.099_046), (0.963, 0.296_516_4), (0.57, 1.052_691_3)];
    let mut states = [0.0; 3];
    white(length, seed)
        .into_iter()
        .map(|sample| {
            for (state, (pole, gain)) in states.iter_mut().zip(poles) {
                *state = pole * *state + gain * sample;
            }
            states.iter().sum::<f64>() + sample * 0.1848
        })
        .collect()
}

pub(crate) fn hum(length: usize) -> Vec<f64> {
    tone(length, &[50.0, 100.0, 150.0, 250.0])
}

pub(crate) fn tone(length: usize, hertz: &[f64]) -> Vec<f64> {
    (0..length).map(|n| hertz.iter().map(|hz| (TAU * hz * n as f64 / RATE).sin()).sum()).collect()
}

/// Samples as they arrive by telephone: clipped, mu-law, decoded.
pub(crate) fn telephone(signal: &[f64]) -> Vec<i16> {
    let samples: Vec<i16> = signal.iter().map(|sample| (sample * 32768.0).clamp(-32768.0, 32767.0) as i16).collect();
    mulaw_to_pcm16(&pcm16_to_mulaw(&samples))
}

/// A track of a recording: at 16 kHz.
pub(crate) fn recorded(samples: &[i16]) -> Vec<i16> {
    let (mut resampler, mut track) = (Resampler::new(8000, 16_000), Vec::new());
    resampler.push(samples, &mut track);
    resampler.finish(&mut track);
    track
}
