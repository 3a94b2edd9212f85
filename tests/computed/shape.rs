//! The form of the answers: the order of the fields, versions, and the audit.

use serde_json::json;

use super::conversation;
use crate::support::Server;

/// The names of the fields of the object with which a text begins, in the order in which they were sent.
fn names(text: &str) -> Vec<String> {
    let (mut names, mut depth, mut rest) = (Vec::new(), 0, text);
    while let Some(at) = rest.find(['{', '}', '[', ']', '"']) {
        match rest.as_bytes()[at] {
            b'"' => {
                let end = at + 1 + rest[at + 1..].find('"').unwrap();
                if depth == 1 && rest[end + 1..].starts_with(':') {
                    names.push(rest[at + 1..end].to_owned());
                }
                rest = &rest[end + 1..];
                continue;
            }
            b'{' | b'[' => depth += 1,
            _ if depth == 1 => break,
            _ => depth -= 1,
        }
        rest = &rest[at + 1..];
    }
    names
}

/// The text of an object that is a field.
fn field<'a>(text: &'a str, name: &str) -> &'a str {
    &text[text.find(&format!("\"{name}\":{{")).unwrap() + name.len() + 3..]
}

#[tokio::test]
async fn fields_are_sent_in_the_order_of_the_documents() {
    let server = Server::start().await;
    conversation(&server, "MZ1").await;
    server.post("/calls/MZ1/analytics", &json!({ "talkTime": 1 })).await.expect(201);
    let text = server.get("/calls/MZ1/analytics/computed").await.expect(200).text();
    assert_eq!(
        names(&text).join(" "),
        "callId recordingId algorithm computedAt duration speechStart speechEnd talkTime parties silence overlap turns \
         interruptions responseLatency reported"
    );
    let party = "track talkTime talkShare talkPercentOfCall turns meanTurn longestMonologue interruptions interrupted \
                 backchannels responseLatency words wordsPerMinute";
    for name in ["caller", "agent"] {
        assert_eq!(names(field(&text, name)).join(" "), party);
    }
    assert_eq!(names(field(&text, "silence")).join(" "), "total share longest longestAt count instances");
    assert_eq!(names(field(&text, "responseLatency")).join(" "), "num min mean p50 p90 p95 p99 max");
    let reported = "analyticsId snapshotTime talkTime silenceTime interruptions averageLatency";
    assert_eq!(names(field(&text, "reported")).join(" "), reported);
}

#[tokio::test]
async fn a_current_copy_is_not_sent_again() {
    let server = Server::start().await;
    conversation(&server, "MZ1").await;
    let path = "/calls/MZ1/analytics/computed";
    let tag = server.get(path).await.expect(200).header("etag").to_owned();
    assert!(server.get_with(path, "if-none-match", &tag).await.expect(304).bytes.is_empty());
    server.get_with(path, "if-none-match", "\"another\"").await.expect(200);
    // What stands beside the figures is part of the version.
    server.post("/calls/MZ1/transcripts", &json!({ "speaker": "agent", "text": "Yes." })).await.expect(201);
    server.get_with(path, "if-none-match", &tag).await.expect(200);
}

#[tokio::test]
async fn who_reads_them_is_in_the_audit() {
    let server = Server::start().await;
    conversation(&server, "MZ1").await;
    server.get("/calls/MZ1/analytics/computed").await.expect(200);
    server.get("/calls/MZ1/speech").await.expect(200);
    let audit = server.get("/admin/audit?limit=2").await.expect(200).json();
    let operations: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|entry| entry["operation"].clone()).collect();
    assert_eq!(operations, ["listSpeech", "getComputedAnalytics"]);
}
