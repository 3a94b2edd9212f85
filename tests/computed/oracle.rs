//! The figures of 1,000 random conversations are those that another program computes from the same segments:
//! `call-ai-metrics` from PyPI, which `scripts/test.sh` installs.

use std::io::Write;

use proptest::{
    prelude::Strategy,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use service::audio::{
    conversation::{Conversation, Figures},
    speech::{Segment, Speech},
};

use crate::{examples::packages, support::run_program};

/// Reads conversations, a JSON array of lists of [start, end, party] in frames each, and prints what it computes. It is
/// told to count in frames as well, with its own limits converted: in seconds, its floats decide at random about what
/// happens exactly at a limit.
const PROGRAM: &str = r#"
import json, sys
from call_ai_metrics import CallAnalyzer, _metrics

assert (_metrics.JOIN_GAP_S, _metrics.EDGE_TOLERANCE_S) == (0.25, 0.1)
_metrics.JOIN_GAP_S, _metrics.EDGE_TOLERANCE_S = 12.5, 5
analyzer = CallAnalyzer(grace_s=25, max_turn_pause_s=150)
found = []
for segments in json.load(open(sys.argv[1])):
    segments = [tuple(segment) for segment in segments]
    report = analyzer.analyze(segments, speakers=["caller", "agent"])
    fields = ["talk_time_s", "talk_share", "turns", "mean_turn_s", "longest_monologue_s", "interruptions", "interrupted",
              "backchannels", "response_latency_s", "replies"]
    parties = {party: {name: getattr(report[party], name) for name in fields} for party in ["caller", "agent"]}
    found.append({
        "parties": parties, "silence_share": report.silence_share, "overlap_share": report.overlap_share,
        "longest_silence_s": report.longest_silence_s, "longest_silence_at_s": report.longest_silence_at_s,
        "turns": [[turn.speaker, turn.start_s, turn.end_s] for turn in report.turns],
        "interruptions": [[event.time_s, event.by, event.of, event.overlap_s] for event in report.interruption_events],
    })
print(json.dumps(found))
"#;

/// A track with pauses of all lengths about which there are rules.
fn track() -> impl Strategy<Value = Vec<Segment>> {
    proptest::collection::vec((1..190_u32, 1..160_u32), 0..25).prop_map(|pieces| {
        let mut at = 0;
        let piece = |(pause, length)| {
            let start = at + pause;
            at = start + length;
            Segment { start, end: at }
        };
        pieces.into_iter().map(piece).collect()
    })
}

/// The program's input.
fn listed(speech: &Speech) -> Value {
    let caller = speech.inbound.iter().map(|segment| json!([segment.start, segment.end, "caller"]));
    let agent = speech.outbound.iter().map(|segment| json!([segment.start, segment.end, "agent"]));
    caller.chain(agent).collect()
}

/// Compares a number of frames, or a share.
fn near(found: f64, other: &Value) -> bool {
    (found - other.as_f64().unwrap_or(0.0)).abs() <= 0.001
}

fn compare_party(figures: &Figures, talk_time: u64, other: &Value) {
    let share = if talk_time == 0 { 0.0 } else { figures.talk_time as f64 / talk_time as f64 };
    assert!(near(figures.talk_time as f64, &other["talk_time_s"]), "{figures:?} {other}");
    assert!(near(share, &other["talk_share"]), "{figures:?} {other}");
    // Ours is rounded to milliseconds, of which a frame has 20.
    let mean_turn = other["mean_turn_s"].as_f64().unwrap() * 20.0;
    assert!((figures.mean_turn_ms() as f64 - mean_turn).abs() <= 0.501, "{figures:?} {other}");
    assert!(near(figures.longest_turn.into(), &other["longest_monologue_s"]), "{figures:?} {other}");
    let counts = [figures.turns, figures.interruptions, figures.interrupted, figures.backchannels];
    let others = ["turns", "interruptions", "interrupted", "backchannels"].map(|name| other[name].clone());
    assert_eq!(counts.map(|count| json!(count)), others, "{figures:?} {other}");
    assert_eq!(json!(figures.latencies.num()), other["replies"]);
    match figures.latencies.p50_ms() {
        Some(median) => assert!(near(median as f64 / 20.0, &other["response_latency_s"]), "{figures:?} {other}"),
        None => assert!(other["response_latency_s"].is_null(), "{other}"),
    }
}

fn compare(speech: &Speech, other: &Value) {
    let call = Conversation::of(speech);
    compare_party(&call.caller, call.talk_time(), &other["parties"]["caller"]);
    compare_party(&call.agent, call.talk_time(), &other["parties"]["agent"]);
    let span = call.span_frames().max(1) as f64;
    assert!(near(call.silence as f64 / span, &other["silence_share"]), "{call:?} {other}");
    assert!(near(call.overlap as f64 / span, &other["overlap_share"]), "{call:?} {other}");
    let longest = call.longest_pause().unwrap_or(Segment { start: 0, end: 0 });
    assert!(near((longest.end - longest.start).into(), &other["longest_silence_s"]), "{call:?} {other}");
    assert!(near(longest.start.into(), &other["longest_silence_at_s"]), "{call:?} {other}");
    let party = |party| format!("{party:?}").to_lowercase();
    let turns = call.turns.iter().map(|turn| json!([party(turn.party), f64::from(turn.start), f64::from(turn.end)]));
    assert_eq!(turns.collect::<Value>(), other["turns"], "{call:?}");
    let interruptions = call.interruptions.iter().map(|interruption| {
        let (by, of) = (party(interruption.by), party(interruption.by.other()));
        json!([f64::from(interruption.time), by, of, f64::from(interruption.overlap)])
    });
    assert_eq!(interruptions.collect::<Value>(), other["interruptions"], "{call:?}");
}

#[tokio::test]
async fn figures_are_those_of_another_program() {
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let both = (track(), track());
    let mut conversation = || {
        let (inbound, outbound) = both.new_tree(&mut runner).unwrap().current();
        Speech { inbound, outbound }
    };
    let conversations: Vec<_> = std::iter::repeat_with(&mut conversation).take(1000).collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let input: Vec<_> = conversations.iter().map(listed).collect();
    file.write_all(json!(input).to_string().as_bytes()).unwrap();
    let python = packages("oracle").join("bin/python");
    let printed = run_program(python.to_str().unwrap(), &["-c", PROGRAM, file.path().to_str().unwrap()]).await;
    let others: Vec<Value> = serde_json::from_str(&printed).unwrap();
    assert_eq!(others.len(), conversations.len());
    for (speech, other) in conversations.iter().zip(&others) {
        compare(speech, other);
    }
}
