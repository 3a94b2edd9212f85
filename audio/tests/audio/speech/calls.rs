//! Two-party test calls whose speech is known: voices laid out as a conversation, then noise, echo and tones.

use super::{
    score::{Span, Tracks},
    signals::{RATE, Random, at_level, decibels, pink, rms, telephone, tone, white},
};

/// Gives an utterance of a speaker at 8 kHz, at any level: the arguments are the speaker and the utterance.
pub(crate) type Voice<'a> = &'a dyn Fn(usize, usize) -> Vec<f64>;

/// What is added to the voices. Each tells tuning calls from those kept apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Condition {
    Clean,
    White(f64),
    Pink(f64),
    /// Rumble below 200 Hz that comes and goes, and a little of everything.
    Car(f64),
    /// Four or more people behind the speaker, at this distance in dB.
    Babble(f64),
    /// The other track, this many dB below and ms later, on pink noise at the second distance.
    Echo(f64, f64, f64),
    /// Ringback, busy tones, digits and beeps, of these frequencies.
    Tones(&'static [&'static [f64]]),
}

/// Clean voices and when each party truly speaks.
pub(crate) struct Call {
    pub(crate) voices: [Vec<f64>; 2],
    pub(crate) truth: Tracks,
    /// The level of each party's speech, in dBFS.
    levels: [f64; 2],
    seed: u64,
}

/// Seconds of tones before the conversation and behind it.
const TONES: f64 = 8.0;

impl Call {
    /// A conversation of 12 utterances. Every fourth utterance interrupts the one before it.
    pub(crate) fn new(voice: Voice<'_>, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let levels = [random.between(-30.0, -14.0), random.between(-26.0, -12.0)];
        let mut voices = [Vec::new(), Vec::new()];
        let mut truth: Tracks = [Vec::new(), Vec::new()];
        let mut at = random.between(0.4, 2.0);
        for turn in 0..12 {
            let party = (turn + 1) % 2;
            let speech = voice(2 * seed as usize + party, turn);
            let speech = at_active_level(speech, levels[party]);
            let spans = spoken(&speech);
            let (Some(first), Some(last)) = (spans.first(), spans.last()) else { continue };
            // An utterance that interrupts is as long as one that goes on for over a second.
            if turn % 4 == 3 && last.1 - first.0 > 1.6 {
                at = (at - random.between(0.9, 1.3)).max(0.0);
            } else {
                at += random.between(0.3, 1.4);
            }
            let start = ((at - first.0).max(0.0) * RATE) as usize;
            let track = &mut voices[party];
            track.resize(track.len().max(start + speech.len()), 0.0);
            speech.iter().enumerate().for_each(|(index, sample)| track[start + index] += sample);
            let offset = start as f64 / RATE;
            truth[party].extend(spans.iter().map(|span| (span.0 + offset, span.1 + offset)));
            at = at.max(last.1 + offset);
        }
        let length = ((at + 1.5) * RATE) as usize;
        voices.iter_mut().for_each(|track| track.resize(length, 0.0));
        truth.iter_mut().for_each(bridge);
        Self { voices, truth, levels, seed }
    }

    /// Both tracks as they arrive by telephone, with what the condition adds. Tones delay the conversation: the truth
    /// is returned with the samples.
    pub(crate) fn under(&self, condition: Condition, others: Voice<'_>) -> ([Vec<i16>; 2], Tracks) {
        let length = self.voices[0].len();
        let (mut tracks, mut truth) = (self.voices.clone(), self.truth.clone());
        for (party, track) in tracks.iter_mut().enumerate() {
            let seed = 100 * self.seed + party as u64;
            let below = |noise: Vec<f64>, distance: f64| at_level(noise, self.levels[party] - distance);
            let noise = match condition {
                Condition::Clean => continue,
                Condition::White(distance) => below(white(length, seed), distance),
                Condition::Pink(distance) => below(pink(length, seed), distance),
                Condition::Car(distance) => below(car(length, seed), distance),
                Condition::Babble(distance) => below(babble(length, seed, others), distance),
                Condition::Echo(loss, delay, distance) => {
                    let mut noise = below(pink(length, seed), distance);
                    let delay = (delay * RATE / 1000.0) as usize;
                    let echo = self.voices[1 - party][..length - delay].iter();
                    noise[delay..].iter_mut().zip(echo).for_each(|(into, voice)| *into += voice * decibels(-loss));
                    noise
                }
                Condition::Tones(tones) => {
                    *track = with_tones(track, tones, party, seed, &truth);
                    continue;
                }
            };
            track.iter_mut().zip(noise).for_each(|(into, noise)| *into += noise);
        }
        if matches!(condition, Condition::Tones(_)) {
            truth.iter_mut().flatten().for_each(|span| *span = (span.0 + TONES, span.1 + TONES));
        }
        (tracks.map(|track| telephone(&track)), truth)
    }
}

/// Ringback before and busy tones behind the conversation in the agent's track; digits and a beep in the caller's while
/// nobody speaks.
fn with_tones(track: &[f64], tones: &[&[f64]], party: usize, seed: u64, truth: &Tracks) -> Vec<f64> {
    let mut random = Random::new(seed);
    let around = (TONES * RATE) as usize;
    let mut mixed = [vec![0.0; around], track.to_vec(), vec![0.0; around]].concat();
    let mut play = |from: f64, seconds: f64, hertz: &[f64], dbfs: f64| {
        let sound = at_level(tone((seconds * RATE) as usize, hertz), dbfs);
        let from = (from * RATE) as usize;
        mixed.iter_mut().skip(from).zip(sound).for_each(|(into, sample)| *into += sample);
    };
    let end = TONES + track.len() as f64 / RATE;
    if party == 1 {
        play(0.7, 2.0, tones[0], -16.0);
        play(5.0, 2.0, tones[0], -16.0);
        (0..6).for_each(|beep| play(end + 0.5 + f64::from(beep), 0.5, tones[1], -20.0));
        return mixed;
    }
    (0..5).for_each(|digit| {
        let hertz = tones[2 + digit % (tones.len() - 2)];
        play(end + 1.0 + 0.25 * digit as f64, random.between(0.08, 0.16), hertz, -12.0);
    });
    play(end + 4.0, 0.8, &[1000.0], -18.0);
    // Digits while the agent speaks, far from the caller's own words.
    for &(start, stop) in &truth[1] {
        let alone = truth[0].iter().all(|own| own.1 + 0.5 < start || stop + 0.5 < own.0);
        if alone && stop - start > 1.5 {
            play(TONES + start + 0.5, 0.12, tones[2], -14.0);
            play(TONES + start + 0.7, 0.12, tones[tones.len() - 1], -14.0);
        }
    }
    mixed
}

fn car(length: usize, seed: u64) -> Vec<f64> {
    let (mut low, mut lower, mut swell) = (0.0, 0.0, 0.0);
    let pink = at_level(pink(length, seed + 7), 0.0);
    let rumble: Vec<f64> = (white(length, seed).into_iter().zip(white(length, seed + 13)))
        .map(|(noise, slow)| {
            low += 0.06 * (noise - low);
            lower += 0.06 * (low - lower);
            swell += 0.0004 * (slow - swell);
            lower * (1.0 + 25.0 * swell).max(0.2)
        })
        .collect();
    at_level(rumble, 0.0).into_iter().zip(pink).map(|(rumble, pink)| rumble + 0.06 * pink).collect()
}

fn babble(length: usize, seed: u64, others: Voice<'_>) -> Vec<f64> {
    let mut noise = vec![0.0; length];
    for speaker in 0..5 + seed as usize % 3 {
        let (mut at, mut utterance) = (0, seed as usize);
        while at < length {
            let speech = at_active_level(others(1000 + speaker, utterance), 0.0);
            noise[at..].iter_mut().zip(&speech).for_each(|(into, sample)| *into += sample);
            at += speech.len().max(800);
            utterance += 1;
        }
    }
    noise
}

/// The signal at a level of its speech: the RMS of what is within 20 dB of its loudest 20 ms.
fn at_active_level(mut signal: Vec<f64>, dbfs: f64) -> Vec<f64> {
    let gain = decibels(dbfs) / active_level(&signal);
    signal.iter_mut().for_each(|sample| *sample *= gain);
    signal
}

fn active_level(signal: &[f64]) -> f64 {
    let levels: Vec<f64> = signal.chunks(160).map(rms).collect();
    let loudest = levels.iter().copied().fold(1e-9, f64::max);
    let active: Vec<f64> = levels.into_iter().filter(|&level| level > loudest * 0.1).collect();
    rms(&active).max(1e-9)
}

/// When a clean voice speaks: in steps of 5 ms within 35 dB of its level, with pauses of up to 300 ms.
fn spoken(signal: &[f64]) -> Vec<Span> {
    let least = active_level(signal) * decibels(-35.0);
    let mut spans = Vec::new();
    for (index, step) in signal.chunks(40).enumerate() {
        if rms(step) >= least {
            let start = index as f64 * 0.005;
            spans.push((start, start + 0.005));
        }
    }
    bridge(&mut spans);
    spans
}

fn bridge(spans: &mut Vec<Span>) {
    spans.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut bridged: Vec<Span> = Vec::new();
    for span in spans.drain(..) {
        match bridged.last_mut() {
            Some(last) if span.0 - last.1 <= 0.3 => last.1 = last.1.max(span.1),
            _ => bridged.push(span),
        }
    }
    *spans = bridged;
}
