//! What is no speech whatever its level, and how gaps, steps and monologues are treated.

use audio::speech::{Algorithm, Segment};

use super::{
    detect, seconds,
    signals::{at_level, decibels, hum, pink, recorded, telephone, white},
};

/// What every algorithm finds in one track; the other one is missing.
#[track_caller]
fn found(signal: &[f64]) -> [Vec<Segment>; 2] {
    let track = recorded(&telephone(signal));
    Algorithm::ALL.map(|algorithm| {
        let speech = detect(algorithm, &track, &[]);
        assert_eq!(speech.outbound, []);
        assert_eq!(detect(algorithm, &[], &track).outbound, speech.inbound);
        speech.inbound
    })
}

#[track_caller]
fn is_silent(what: &str, signal: &[f64]) {
    for (segments, algorithm) in found(signal).iter().zip(Algorithm::ALL) {
        assert_eq!(segments, &[], "{what}, {algorithm}");
    }
}

#[test]
fn steady_noise_of_any_level_is_no_speech() {
    for (name, noise) in [("white", white(2_400_000, 3)), ("pink", pink(2_400_000, 4)), ("hum", hum(2_400_000))] {
        for dbfs in (-70..=-20).step_by(10) {
            is_silent(&format!("{name} at {dbfs} dBFS"), &at_level(noise.clone(), dbfs.into()));
        }
    }
}

#[test]
fn digital_silence_direct_current_and_nothing_are_no_speech() {
    is_silent("nothing", &[]);
    is_silent("one sample", &[1.0]);
    is_silent("zeros", &[0.0; 80_000]);
    is_silent("a constant", &[0.7; 80_000]);
    is_silent("a click", &[&[0.0; 40_000][..], &[1.0], &[0.0; 40_000]].concat());
    is_silent("one loud frame", &[&[0.0; 16_000][..], &at_level(white(160, 5), -10.0), &[0.0; 16_000]].concat());
}

#[test]
fn a_step_of_the_noise_is_no_speech() {
    for (name, noise) in [("white", white(320_000, 6)), ("pink", pink(320_000, 7))] {
        for at in [40_000, 160_000, 270_000] {
            let mut noise = at_level(noise.clone(), -55.0);
            noise[at..].iter_mut().for_each(|sample| *sample *= decibels(15.0));
            is_silent(&format!("{name} that becomes louder at {at}"), &noise);
            noise.reverse();
            is_silent(&format!("{name} that becomes quieter at {}", 320_000 - at), &noise);
        }
    }
}

#[test]
fn noise_that_comes_and_goes_with_gaps_is_no_speech() {
    // Lost packets, a muted microphone, DTX: zeros between steady noise.
    let mut noise = at_level(white(400_000, 8), -50.0);
    for (index, second) in noise.chunks_mut(8000).enumerate() {
        let lost = if index % 3 == 0 { 8000 } else { 80 * index };
        second[..lost].fill(0.0);
    }
    is_silent("noise with gaps", &noise);
}

/// Sound of `dbfs` in `spans` of seconds, on noise of `noise_dbfs`.
fn bursts(length: f64, spans: &[(f64, f64)], dbfs: f64, noise_dbfs: f64) -> Vec<f64> {
    let mut signal = at_level(white((length * 8000.0) as usize, 9), noise_dbfs);
    let voice = voice(signal.len(), dbfs);
    for &(start, end) in spans {
        for at in (start * 8000.0) as usize..(end * 8000.0) as usize {
            signal[at] += voice[at];
        }
    }
    signal
}

/// A voice without words: syllables of a tone whose pitch moves, four a second, with overtones.
fn voice(length: usize, dbfs: f64) -> Vec<f64> {
    let mut phase = 0.0;
    let sample = |n: usize| {
        let time = n as f64 / 8000.0;
        phase += std::f64::consts::TAU * (140.0 + 30.0 * (time * 3.0).sin()) / 8000.0;
        let overtones: f64 = (1..20).map(|k| (phase * f64::from(k)).sin() / f64::from(k).sqrt()).sum();
        overtones * (1.1 + (time * 25.0).sin())
    };
    at_level((0..length).map(sample).collect(), dbfs)
}

#[test]
fn thirty_six_seconds_without_a_pause_are_one_segment() {
    for snr in [10.0, 20.0, 30.0] {
        for (segments, algorithm) in found(&bursts(46.0, &[(5.0, 41.0)], -20.0, -20.0 - snr)).iter().zip(Algorithm::ALL)
        {
            let [(start, end)] = seconds(segments)[..] else { panic!("{algorithm} at {snr} dB: {segments:?}") };
            assert!((start - 5.0).abs() <= 0.08 && (end - 41.0).abs() <= 0.08, "{algorithm}, {snr} dB: {start}, {end}");
        }
    }
}

#[test]
fn a_gap_is_bridged_up_to_300_ms_and_never_inside_a_segment_beyond() {
    for (gap, count) in [(0.1, 1), (0.28, 1), (0.4, 2), (2.0, 2)] {
        let mut signal = bursts(12.0, &[(2.0, 10.0)], -15.0, -50.0);
        let lost = 40_000..40_000 + (gap * 8000.0) as usize;
        signal[lost].fill(0.0);
        for (segments, algorithm) in found(&signal).iter().zip(Algorithm::ALL) {
            assert_eq!(segments.len(), count, "{algorithm}: {segments:?}");
            let inside: f64 =
                (seconds(segments).iter()).map(|(start, end)| (end.min(5.0 + gap) - start.max(5.0)).max(0.0)).sum();
            assert!(count == 1 || inside <= 0.06, "{algorithm}: {inside} s of a gap of {gap} s");
        }
    }
}

#[test]
fn noise_sent_only_around_speech_changes_nothing() {
    let spans = [(2.0, 4.0), (6.0, 9.0), (12.0, 13.0)];
    let steady = bursts(15.0, &spans, -20.0, -45.0);
    let mut sent = steady.clone();
    for (at, sample) in sent.iter_mut().enumerate() {
        let time = at as f64 / 8000.0;
        if !spans.iter().any(|(start, end)| (start - 0.3..end + 0.3).contains(&time)) {
            *sample = 0.0;
        }
    }
    for (sent, steady) in found(&sent).iter().zip(found(&steady)) {
        assert_eq!(sent.len(), 3);
        for (sent, steady) in seconds(sent).iter().zip(seconds(&steady)) {
            assert!((sent.0 - steady.0).abs() <= 0.04 && (sent.1 - steady.1).abs() <= 0.04, "{sent:?} {steady:?}");
        }
    }
}

#[test]
fn speech_at_the_bounds_of_the_recording_is_found() {
    for segments in found(&bursts(3.01, &[(0.0, 1.0), (2.0, 3.01)], -20.0, -60.0)) {
        let [first, last] = segments[..] else { panic!("{segments:?}") };
        assert_eq!(first.start, 0);
        assert_eq!(last.end, 151, "the last frame is incomplete");
    }
}
