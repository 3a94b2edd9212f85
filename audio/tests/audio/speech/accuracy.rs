//! How often the algorithms are right, on calls made of synthetic voices that were not used for choosing constants.

use audio::speech::Algorithm;

use super::{
    calls::{Call, Condition},
    detect,
    score::{Tracks, frame_errors, interruptions, talk_time},
    seconds,
    signals::recorded,
    voices::voice,
};

/// Ringback and busy tones and digits of the USA, of most of Europe, and of the United Kingdom.
const TONES: [&[&[f64]]; 3] = [
    &[&[440.0, 480.0], &[480.0, 620.0], &[697.0, 1209.0], &[770.0, 1336.0], &[852.0, 1477.0]],
    &[&[425.0], &[425.0], &[697.0, 1477.0], &[852.0, 1209.0], &[941.0, 1336.0]],
    &[&[400.0, 450.0], &[400.0], &[770.0, 1209.0], &[941.0, 1209.0], &[2100.0]],
];

/// Over six calls: frame error and talk-time error in percent, and the number of interruptions found and true.
fn errors(algorithm: Algorithm, condition: Condition) -> (f64, f64, usize, usize) {
    let (mut wrong, mut steps, mut talk, mut found_count, mut true_count) = (0, 0, 0.0, 0, 0);
    for seed in 20..26 {
        let (tracks, truth) = Call::new(&voice, seed).under(condition, &voice);
        let speech = detect(algorithm, &recorded(&tracks[0]), &recorded(&tracks[1]));
        let found: Tracks = [seconds(&speech.inbound), seconds(&speech.outbound)];
        for (found, truth) in found.iter().zip(&truth) {
            let errors = frame_errors(found, truth, tracks[0].len() as f64 / 8000.0);
            (wrong, steps) = (wrong + errors.0, steps + errors.1);
            talk += (talk_time(found) - talk_time(truth)).abs() / talk_time(truth);
        }
        found_count += interruptions(&found);
        true_count += interruptions(&truth);
    }
    (100.0 * wrong as f64 / steps as f64, 100.0 * talk / 12.0, found_count, true_count)
}

#[track_caller]
fn is_within(algorithm: Algorithm, condition: Condition, frame_error: f64, talk_error: f64) {
    let (frames, talk, found, truth) = errors(algorithm, condition);
    let said = format!("{algorithm}, {condition:?}: {frames:.2} %, {talk:.1} %, {found} of {truth}");
    println!("{said}");
    assert!(frames <= frame_error && talk <= talk_error && found.abs_diff(truth) <= 3, "{said}");
}

#[test]
fn steady_noise_costs_little() {
    for algorithm in Algorithm::ALL {
        is_within(algorithm, Condition::Clean, 1.5, 3.0);
        is_within(algorithm, Condition::White(20.0), 2.5, 5.0);
        is_within(algorithm, Condition::White(10.0), 4.0, 9.0);
        is_within(algorithm, Condition::Pink(10.0), 3.0, 6.0);
    }
}

#[test]
fn rumble_babble_and_echo_are_no_speech() {
    is_within(Algorithm::Energy2, Condition::Car(10.0), 3.0, 5.0);
    is_within(Algorithm::Energy2, Condition::Babble(20.0), 3.0, 5.0);
    is_within(Algorithm::Energy2, Condition::Echo(30.0, 60.0, 30.0), 2.0, 4.0);
    is_within(Algorithm::Energy2, Condition::Echo(25.0, 180.0, 40.0), 2.0, 4.0);
}

#[test]
fn tones_are_no_speech() {
    for tones in TONES {
        is_within(Algorithm::Energy2, Condition::Tones(tones), 2.0, 4.0);
    }
}

#[test]
fn what_energy_1_takes_for_speech_is_known() {
    for condition in [Condition::Car(10.0), Condition::Babble(20.0), Condition::Echo(30.0, 60.0, 30.0)] {
        assert!(errors(Algorithm::Energy1, condition).0 > 8.0, "{condition:?}");
    }
}
