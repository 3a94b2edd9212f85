//! Recorded sessions: every transport gives the same recording, and the recorded names and parameters.

use serde_json::{Value, json};

use super::{TRANSPORTS, calls, service, simulate};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/twilio");
const SESSIONS: [&str; 4] = ["clean-two-party", "caller-only", "rough-two-party", "jittery-two-party"];

fn expected(session: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(format!("{FOLDER}/{session}.expected.json")).unwrap()).unwrap()
}

#[tokio::test]
async fn sessions_are_replayed_over_each_transport() {
    let files = SESSIONS.map(|session| format!("{FOLDER}/{session}.jsonl")).join(" ");
    let mut recordings = Vec::new();
    for transport in TRANSPORTS {
        let (_folder, service) = service().await;
        let run = simulate(&service.url(""), &format!("{files} --transport {transport}")).await;
        assert_eq!(run.code, Some(0), "{}", run.errors);
        assert!(run.errors.contains("recordings: 4 compared, 0 of wrong length, 0 frames missing"), "{}", run.errors);
        let lines: Vec<_> = run.printed.lines().collect();
        assert_eq!(lines.len(), 4, "{}", run.printed);
        let calls = calls(&service).await;
        let mut hashes = Vec::new();
        for (session, line) in SESSIONS.iter().zip(lines) {
            let (id, url) = line.split_once(' ').unwrap();
            let call = calls.iter().find(|call| call["id"] == id).unwrap();
            let recording = &call["recordings"][0];
            assert_eq!(url, service.url(&format!("/recordings/{}/audio", recording["id"].as_str().unwrap())));
            assert_eq!(recording["duration"], expected(session)["duration"], "{session} over {transport}");
            assert!(!call["transcripts"].as_array().unwrap().is_empty(), "{call}");
            assert_eq!(call["metadata"]["customData"]["campaign"], *session);
            hashes.push((call["streamSid"].clone(), recording["sha256"].clone()));
        }
        recordings.push(hashes);
    }
    assert!(recordings.iter().all(|hashes| *hashes == recordings[0]), "{recordings:?}");
}

#[tokio::test]
async fn copies_have_names_of_their_own_and_an_ended_stream_is_not_replayed() {
    let (_folder, service) = service().await;
    let file = format!("{FOLDER}/caller-only.jsonl");
    for transport in TRANSPORTS {
        let arguments = format!("{file} --calls 3 --json --transport {transport}");
        let report = simulate(&service.url(""), &arguments).await.good();
        assert_eq!(report["calls"], json!({ "planned": 3, "completed": 3, "failed": 0 }));
    }
    let calls = calls(&service).await;
    assert_eq!(calls.len(), 9);
    let hash = &calls[0]["recordings"][0]["sha256"];
    assert!(calls.iter().all(|call| call["recordings"][0]["sha256"] == *hash));

    assert_eq!(simulate(&service.url(""), &file).await.code, Some(0));
    for transport in TRANSPORTS {
        let run = simulate(&service.url(""), &format!("{file} --transport {transport}")).await;
        assert_eq!(run.code, Some(1), "{transport}: {}", run.printed);
        assert!(run.errors.contains("caller-only.jsonl, stream MZ"), "{}", run.errors);
        assert!(
            run.errors.contains("is already completed") || run.errors.contains("The call has ended"),
            "{}",
            run.errors
        );
    }
}
