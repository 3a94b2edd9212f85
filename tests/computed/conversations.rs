//! Conversations of two voices with noise and lost audio, sent to the built binary: what it computes is what is in
//! them, within the tolerances of each.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    simulate::simulate,
    support::{Binary, client_builder},
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/analytics");
const CONVERSATIONS: [&str; 2] = ["clinic-quiet", "support-noisy"];
/// Steps in which speech that is found is compared with speech that is there, in seconds.
const STEP: f64 = 0.005;

type Segments = Vec<(f64, f64)>;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn segments(value: &Value) -> Segments {
    let pair = |segment: &Value| (number(&segment[0]), number(&segment[1]));
    value.as_array().unwrap().iter().map(pair).collect()
}

/// The part of the call in which only one of the two says that there is speech.
fn frame_error(found: &Segments, there: &Segments, duration: f64) -> f64 {
    let steps = (duration / STEP) as usize;
    let has = |segments: &Segments, at: f64| segments.iter().any(|(start, end)| (*start..*end).contains(&at));
    let wrong = (0..steps).map(|step| (step as f64 + 0.5) * STEP).filter(|at| has(found, *at) != has(there, *at));
    wrong.count() as f64 / steps as f64
}

/// What of segments lies within a stretch.
fn within(segments: &Segments, (from, to): (f64, f64)) -> f64 {
    segments.iter().map(|(start, end)| (end.min(to) - start.max(from)).max(0.0)).sum()
}

/// Compares the segments of a track; returns the errors of their bounds.
fn compare_track(name: &str, found: &Segments, expected: &Value, track: &str) -> Vec<f64> {
    let (there, tolerances) = (segments(&expected["segments"][track]), &expected["tolerances"]);
    assert_eq!(found.len(), there.len(), "{name} {track}: {found:?} for {there:?}");
    let bounds = found.iter().zip(&there).flat_map(|(found, there)| [found.0 - there.0, found.1 - there.1]);
    let bounds: Vec<_> = bounds.map(f64::abs).collect();
    assert!(bounds.iter().all(|error| *error <= number(&tolerances["boundarySeconds"])), "{name} {track}: {bounds:?}");
    let error = frame_error(found, &there, number(&expected["duration"]));
    assert!(error <= number(&tolerances["frameErrorRate"]), "{name} {track}: {error}");
    for gap in segments(&expected["gaps"][track]).into_iter().filter(|(start, end)| end - start > 0.3) {
        let covered = within(found, gap);
        assert!(covered <= 0.060_1, "{name} {track}: {covered} s of the gap {gap:?} are speech");
    }
    bounds
}

fn near(what: &str, found: f64, expected: &Value, tolerance: f64) {
    let expected = number(expected);
    assert!((found - expected).abs() <= tolerance, "{what}: {found} for {expected}");
}

fn compare_figures(name: &str, figures: &Value, expected: &Value) {
    let (metrics, tolerances) = (&expected["metrics"], &expected["tolerances"]);
    for party in ["caller", "agent"] {
        let (found, expected) = (&figures["parties"][party], &metrics["parties"][party]);
        for count in ["turns", "interruptions", "interrupted", "backchannels"] {
            assert_eq!(found[count], expected[count], "{name} {party} {count}");
        }
        assert_eq!(found["responseLatency"]["num"], expected["replies"], "{name} {party}");
        let share = number(&tolerances["talkTimeShare"]) * number(&expected["talkTime"]);
        let tolerance = number(&tolerances["talkTimeSeconds"]).max(share);
        near(&format!("{name} {party} talk"), number(&found["talkTime"]), &expected["talkTime"], tolerance);
        let latency = number(&found["responseLatency"]["p50"]) / 1e3;
        near(
            &format!("{name} {party} latency"),
            latency,
            &expected["latencyMedian"],
            number(&tolerances["latencySeconds"]),
        );
    }
    let silence = number(&figures["silence"]["total"]);
    near(&format!("{name} silence"), silence, &metrics["silence"], number(&tolerances["silenceSeconds"]));
    let overlap = number(&figures["overlap"]["total"]);
    near(&format!("{name} overlap"), overlap, &metrics["overlap"], number(&tolerances["overlapSeconds"]));
    let turns: Vec<_> = figures["turns"].as_array().unwrap().iter().map(|turn| turn["party"].clone()).collect();
    let expected: Vec<_> = metrics["turns"].as_array().unwrap().iter().map(|turn| turn[0].clone()).collect();
    assert_eq!(turns, expected, "{name}");
    assert_eq!(figures["interruptions"][0]["by"], metrics["interruptions"][0]["by"], "{name}");
}

#[tokio::test]
async fn conversations_have_the_figures_that_are_in_them() {
    let folder = TempDir::new().unwrap();
    let service = Binary::serve(folder.path()).await;
    let client = client_builder().build().unwrap();
    for name in CONVERSATIONS {
        let file = Path::new(FOLDER).join(name);
        let run = simulate(&service.url(""), &format!("{}.jsonl --transport twilio --json", file.display())).await;
        run.good();
        let expected: Value =
            serde_json::from_slice(&std::fs::read(format!("{}.expected.json", file.display())).unwrap()).unwrap();
        let call = expected["streamSid"].as_str().unwrap();
        let get = async |path: &str| -> Value {
            let answer = client.get(service.url(&format!("/calls/{call}/{path}"))).send().await.unwrap();
            answer.error_for_status().unwrap().json().await.unwrap()
        };
        let (figures, speech) = (get("analytics/computed").await, get("speech").await);
        let mut bounds = Vec::new();
        for track in speech["tracks"].as_array().unwrap() {
            let found = segments(&track["segments"]);
            bounds.extend(compare_track(name, &found, &expected, track["track"].as_str().unwrap()));
        }
        bounds.sort_by(f64::total_cmp);
        let median = bounds[bounds.len() / 2];
        assert!(median <= number(&expected["tolerances"]["boundaryMedianSeconds"]), "{name}: {bounds:?}");
        compare_figures(name, &figures, &expected);
    }
}
