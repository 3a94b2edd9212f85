//! Recorded sessions whose speech is known: found within the tolerances that their files state.

use audio::speech::Algorithm;
use serde_json::Value;

use super::{
    detect,
    score::{Span, Tracks, bound_errors, frame_errors, talk_time, talks_over},
    seconds,
};
use crate::twilio::{read, read_all, tracks};

fn spans(list: &Value) -> Vec<Span> {
    let bound = |span: &Value, index: usize| span[index].as_f64().unwrap();
    list.as_array().unwrap().iter().map(|span| (bound(span, 0), bound(span, 1))).collect()
}

fn is_found_within_tolerances(session: &str) {
    let expected: Value = serde_json::from_str(&read(&format!("{session}.expected.json"))).unwrap();
    let tolerance = |name: &str| expected["tolerances"][name].as_f64().unwrap();
    let duration = expected["duration"].as_f64().unwrap();
    let total = (duration * 8000.0).round() as u64;
    let tracks = tracks(session);
    let [inbound, outbound] = ["inbound", "outbound"].map(|track| read_all(&tracks[track], 16_000, total).0);
    let truth: Tracks = ["inbound", "outbound"].map(|track| spans(&expected["segments"][track]));
    for algorithm in Algorithm::ALL {
        let speech = detect(algorithm, &inbound, &outbound);
        let found: Tracks = [seconds(&speech.inbound), seconds(&speech.outbound)];
        for (track, (found, truth)) in found.iter().zip(&truth).enumerate() {
            let errors = bound_errors(found, truth);
            assert!(errors[errors.len() - 1] <= tolerance("boundarySeconds"), "{algorithm}: {errors:?}");
            let median = errors[errors.len() / 2];
            assert!(median <= tolerance("boundaryMedianSeconds"), "{algorithm}: {errors:?}");
            let (wrong, steps) = frame_errors(found, truth, duration);
            assert!(wrong as f64 / steps as f64 <= tolerance("frameErrorRate"), "{algorithm}: {wrong} of {steps}");
            let allowed = tolerance("talkTimeSeconds").max(tolerance("talkTimeShare") * talk_time(truth));
            assert!((talk_time(found) - talk_time(truth)).abs() <= allowed, "{algorithm}");
            let gaps = spans(&expected["gaps"][["inbound", "outbound"][track]]);
            for gap in gaps.iter().filter(|gap| gap.1 - gap.0 > 0.3) {
                let covered: f64 = found.iter().map(|(start, end)| (end.min(gap.1) - start.max(gap.0)).max(0.0)).sum();
                assert!(covered <= 0.06, "{algorithm}: {covered} s of a gap");
            }
        }
        assert_eq!(talks_over(&found), talks_over(&truth), "{algorithm}");
        let metrics = &expected["metrics"]["parties"];
        for (counts, party) in talks_over(&found).iter().zip(["caller", "agent"]) {
            assert_eq!(counts.0 as u64, metrics[party]["interruptions"].as_u64().unwrap());
            assert_eq!(counts.1 as u64, metrics[party]["backchannels"].as_u64().unwrap());
        }
    }
}

#[test]
fn a_quiet_conversation_is_found() {
    is_found_within_tolerances("analytics/clinic-quiet");
}

#[test]
fn a_noisy_conversation_with_lost_audio_is_found() {
    is_found_within_tolerances("analytics/support-noisy");
}
