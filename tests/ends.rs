//! Calls that end by themselves: no call stays active for ever. `reconnect.rs` has the streams whose socket is gone.

use serde_json::{Value, json};

use crate::support::{Server, TestClock, chunk, eventually};

const MINUTE_MS: i64 = 60_000;

async fn ended(server: &Server, name: &str) -> Value {
    eventually("the call has ended", || async {
        let call = server.get(&format!("/calls/{name}?include=recordings")).await.expect(200).json();
        (call["status"] == "completed").then_some(call)
    })
    .await
}

fn time(after_ms: i64) -> String {
    let moment = chrono::DateTime::from_timestamp_millis(TestClock::START_MS + after_ms).unwrap();
    moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

#[tokio::test]
async fn a_call_ends_when_nothing_was_written_to_it_for_five_minutes() {
    let mut server = Server::start().await;
    for name in ["talking", "silent", "never"] {
        server.start_call(name).await;
    }
    for name in ["talking", "silent"] {
        server.post(&format!("/calls/{name}/chunks"), &chunk("inbound", 0, 0)).await.expect(201);
    }
    server.clock.advance_ms(4 * MINUTE_MS);
    // Any write counts.
    let said = json!({ "speaker": "caller", "text": "Still here." });
    server.post("/calls/talking/transcripts", &said).await.expect(201);
    server.clock.advance_ms(2 * MINUTE_MS);

    let silent = ended(&server, "silent").await;
    // It ended at its last activity.
    assert_eq!((&silent["endReason"], &silent["endTime"]), (&json!("idle_timeout"), &json!(time(0))));
    assert_eq!(silent["recordings"][0]["duration"], 0.02);
    server.post("/calls/silent/chunks", &chunk("inbound", 1, 20)).await.expect_problem(409, "call_ended");
    server.post("/calls/talking/chunks", &chunk("inbound", 1, 20)).await.expect(201);

    // A restarted service does not forget.
    server.restart().await;
    server.clock.advance_ms(6 * MINUTE_MS);
    let talking = ended(&server, "talking").await;
    assert_eq!((&talking["endReason"], &talking["endTime"]), (&json!("idle_timeout"), &json!(time(6 * MINUTE_MS))));
    // A call that never had a chunk or a stream is not idle.
    assert_eq!(server.get("/calls/never").await.expect(200).json()["status"], "active");
}

#[tokio::test]
async fn no_call_is_older_than_twelve_hours() {
    let server = Server::start().await;
    // The service's clock counts, not the start time given by a client.
    let old = json!({ "streamSid": "old", "caller": "a", "startTime": "2020-01-01T00:00:00Z" });
    server.post("/calls", &old).await.expect(201);
    server.clock.advance_ms(11 * 60 * MINUTE_MS);
    server.start_call("young").await;
    server.clock.advance_ms(60 * MINUTE_MS);
    let old = ended(&server, "old").await;
    assert_eq!((&old["endReason"], &old["endTime"]), (&json!("max_duration"), &json!(time(12 * 60 * MINUTE_MS))));
    assert_eq!(old["recordings"], json!([]));
    assert_eq!(server.get("/calls/young").await.expect(200).json()["status"], "active");
}
