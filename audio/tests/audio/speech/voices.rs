//! Synthetic voices with a fixed seed: pulses and noise through moving formants, syllable by syllable.

use std::f64::consts::TAU;

use super::signals::{RATE, Random, decibels};

/// Formants of vowels in hertz: a, e, i, o, u, and a nasal.
const FORMANTS: [[f64; 3]; 6] = [
    [750.0, 1250.0, 2500.0],
    [480.0, 1900.0, 2550.0],
    [310.0, 2200.0, 2900.0],
    [500.0, 900.0, 2400.0],
    [340.0, 800.0, 2300.0],
    [290.0, 1100.0, 2100.0],
];
const BANDWIDTHS: [f64; 3] = [80.0, 110.0, 160.0];

/// An utterance of 2 to 22 syllables with short pauses, as it passes a telephone line.
pub(crate) fn voice(speaker: usize, utterance: usize) -> Vec<f64> {
    let mut random = Random::new((1000 * speaker + utterance) as u64);
    let mut person = Random::new(speaker as u64);
    let (pitch, length) = (person.between(95.0, 230.0), person.between(0.85, 1.2));
    let tract = 0.8 + pitch / 600.0;
    let syllables = if random.unit() < 0.2 { 2 } else { 7 + (random.unit() * 16.0) as usize };
    let mut speech = Vec::new();
    let mut filters = [Resonator::default(); 3];
    let mut formants = FORMANTS[0];
    let mut phase = 0.0;
    for syllable in 0..syllables {
        let fall = 1.1 - 0.25 * syllable as f64 / syllables as f64;
        let melody = [random.between(0.85, 1.2), random.between(0.85, 1.2)];
        let target = FORMANTS[(random.unit() * 6.0) as usize % 6];
        let stress = decibels(random.between(-7.0, 0.0));
        // A consonant: hiss, or a closure.
        let hiss = if random.unit() < 0.5 { decibels(random.between(-24.0, -12.0)) } else { 0.0 };
        let consonant = (random.between(0.04, 0.11) * length * RATE) as usize;
        let mut last = 0.0;
        for n in 0..consonant {
            let rise = (n as f64 / consonant as f64 * std::f64::consts::PI).sin();
            let noise = random.normal();
            speech.push((noise - last) * hiss * rise * 0.25);
            last = noise;
        }
        let vowel = (random.between(0.09, 0.24) * length * RATE) as usize;
        for n in 0..vowel {
            let place = n as f64 / vowel as f64;
            let hertz = pitch * fall * (melody[0] + (melody[1] - melody[0]) * place) * (1.0 + 0.01 * random.normal());
            phase += hertz / RATE;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase -= phase.floor();
            let source = pulse + 0.02 * random.normal();
            let envelope = stress * (place * 12.0).min((1.0 - place) * 7.0).min(1.0);
            let mut sound = 0.0;
            for (index, filter) in filters.iter_mut().enumerate() {
                formants[index] += 0.003 * (target[index] * tract - formants[index]);
                let gain = [1.0, 0.6, 0.35][index];
                sound += gain * filter.next(source, formants[index].min(3600.0), BANDWIDTHS[index]);
            }
            speech.push(sound * envelope);
        }
        if random.unit() < 0.08 {
            let pause = random.between(0.1, 0.2);
            speech.extend(vec![0.0; (pause * RATE) as usize]);
        }
    }
    telephone_band(speech)
}

#[derive(Clone, Copy, Default)]
struct Resonator(f64, f64);

impl Resonator {
    fn next(&mut self, source: f64, hertz: f64, bandwidth: f64) -> f64 {
        let radius = (-std::f64::consts::PI * bandwidth / RATE).exp();
        let out =
            source * (1.0 - radius) + 2.0 * radius * (TAU * hertz / RATE).cos() * self.0 - radius * radius * self.1;
        (self.1, self.0) = (self.0, out);
        out
    }
}

/// Without what is below 250 Hz, which a telephone line does not pass.
pub(crate) fn telephone_band(mut signal: Vec<f64>) -> Vec<f64> {
    for _ in 0..2 {
        let (mut last, mut out) = (0.0, 0.0);
        let pole = (-TAU * 250.0 / RATE).exp();
        for sample in &mut signal {
            out = pole * (out + *sample - last);
            last = *sample;
            *sample = out;
        }
    }
    signal
}
