//! A voice that sounds like speech without words: vowels of a few formants, in the rhythm of the syllables of each
//! word. It is quiet between words, but never silent, as a phone line is.

use std::f32::consts::TAU;

use super::timing::{Utterance, Word};

/// Samples per second.
pub(super) const RATE: u32 = 8_000;
/// Samples of one period of a vowel.
const TABLE: usize = 256;
/// The first three formants of five vowels, in hertz.
const VOWELS: [[f32; 3]; 5] = [
    [730.0, 1090.0, 2440.0],
    [530.0, 1840.0, 2480.0],
    [300.0, 2240.0, 3000.0],
    [570.0, 840.0, 2410.0],
    [320.0, 870.0, 2240.0],
];
/// How loud vowels, the noise of breath, and the line are.
const LOUDNESS: f32 = 9_000.0;
const BREATH: f32 = 0.22;
const LINE: i16 = 5;

/// A person's voice.
pub(super) struct Voice {
    /// The pitch, in hertz.
    pitch: f32,
    vowels: Vec<[f32; TABLE]>,
}

impl Voice {
    /// A voice of a pitch, such as 110 for a low and 210 for a high one.
    pub(super) fn new(pitch: f32) -> Self {
        Self { pitch, vowels: VOWELS.iter().map(|formants| vowel(pitch, formants)).collect() }
    }

    /// The samples of a track in which this voice says what one party says.
    pub(super) fn track(
        &self,
        said: &[Utterance],
        by_agent: bool,
        milliseconds: u32,
        random: &mut fastrand::Rng,
    ) -> Vec<i16> {
        let line = |_| random.i16(-LINE..=LINE);
        let mut samples: Vec<i16> = (0..at(milliseconds)).map(line).collect();
        for utterance in said.iter().filter(|utterance| utterance.by_agent == by_agent) {
            for word in &utterance.words {
                self.say(word, &mut samples, random);
            }
        }
        samples
    }

    fn say(&self, word: &Word, samples: &mut [i16], random: &mut fastrand::Rng) {
        let (start, end) = (at(word.start).min(samples.len()), at(word.end).min(samples.len()));
        let syllables = word.text.chars().filter(|char| "aeiouyäöüáéíóúàèê".contains(*char)).count().max(1);
        let length = (end - start) as f32;
        let letters: Vec<_> = word.text.bytes().collect();
        let mut phase = 0.0_f32;
        for (number, sample) in samples[start..end].iter_mut().enumerate() {
            let place = number as f32 / length;
            let syllable = (place * syllables as f32) as usize;
            let vowel = letters.get(syllable % letters.len().max(1)).copied().unwrap_or(0);
            let table = &self.vowels[usize::from(vowel) % self.vowels.len()];
            // A word falls a little in pitch, and each syllable rises and falls in loudness.
            phase = (phase + self.pitch * (1.12 - 0.2 * place) / RATE as f32).fract();
            let swell = (place * syllables as f32 * TAU / 2.0).sin().abs().sqrt();
            let edges = (number as f32 / 120.0).min((length - number as f32) / 160.0).min(1.0);
            let source = table[(phase * TABLE as f32) as usize % TABLE] + BREATH * (random.f32() - 0.5);
            let loud = LOUDNESS * source * edges * (0.25 + 0.75 * swell);
            *sample = sample.saturating_add(loud as i16);
        }
    }
}

/// A period of a vowel, at most 1 loud.
fn vowel(pitch: f32, formants: &[f32; 3]) -> [f32; TABLE] {
    let mut table = [0.0; TABLE];
    let harmonics = (3_400.0 / pitch) as usize;
    for harmonic in 1..=harmonics {
        let frequency = pitch * harmonic as f32;
        let near = |(formant, width): (&f32, f32)| 1.0 / (1.0 + ((frequency - formant) / width).powi(2));
        let loud: f32 = formants.iter().zip([90.0, 110.0, 170.0]).map(near).sum::<f32>() / (harmonic as f32).sqrt();
        for (place, value) in table.iter_mut().enumerate() {
            *value += loud * (TAU * harmonic as f32 * place as f32 / TABLE as f32).sin();
        }
    }
    let loudest = table.iter().fold(0.0_f32, |loudest, value| loudest.max(value.abs()));
    table.map(|value| value / loudest)
}

/// The sample at a time.
fn at(milliseconds: u32) -> usize {
    milliseconds as usize * RATE as usize / 1000
}
