//! `updateTranscript` and `deleteTranscript`.

use reqwest::Method;
use serde_json::{Value, json};

use super::PATH;
use crate::support::{Answer, Server};

async fn stored(server: &Server) -> Value {
    server.start_call("MZ1").await;
    let body =
        json!({ "speaker": "a", "text": "helo", "startTime": 1, "endTime": 2, "language": "en", "data": { "a": 1 } });
    server.post(PATH, &body).await.expect(201).json()
}

fn path(transcript: &Value) -> String {
    format!("/transcripts/{}", transcript["id"].as_str().unwrap())
}

async fn change(server: &Server, transcript: &Value, change: &Value) -> Answer {
    server.send(Method::PATCH, &path(transcript), change).await
}

#[tokio::test]
async fn a_change_keeps_absent_fields_and_removes_those_that_are_null() {
    let server = Server::start().await;
    let before = stored(&server).await;
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    server.clock.advance_ms(1_000);
    let changed = json!({
        "text": "hello",
        "track": "inbound",
        "language": null,
        "endTime": null,
        "data": { "b": 2 },
        "words": [{ "text": "hello", "startTime": 1, "endTime": 2 }],
        "final": false,
        "kind": "note",
    });
    let after = change(&server, &before, &changed).await.expect(200).json();
    let mut expected = before.clone();
    for (name, value) in changed.as_object().unwrap() {
        expected[name] = value.clone();
    }
    expected["words"] = json!([{ "text": "hello", "startTime": 1.0, "endTime": 2.0, "confidence": null }]);
    expected["updatedAt"] = after["updatedAt"].clone();
    assert_eq!(after, expected);
    assert!(after["updatedAt"].as_str() > before["updatedAt"].as_str());
    assert_eq!(server.get(PATH).await.json()["items"], json!([after]));
    let same = change(&server, &before, &json!({})).await.expect(200).json();
    assert_eq!(same, after);
}

#[tokio::test]
async fn a_change_that_leaves_no_sensible_times_is_refused() {
    let server = Server::start().await;
    let before = stored(&server).await;
    for (changed, pointer) in [
        (json!({ "startTime": 3 }), "/startTime"),
        (json!({ "endTime": 0.5 }), "/endTime"),
        (json!({ "startTime": 3, "endTime": 2.5 }), "/endTime"),
        (json!({ "startTime": 50_000 }), "/startTime"),
        (json!({ "text": null }), "/text"),
        (json!({ "externalId": "a" }), "/externalId"),
        (json!({ "words": [{ "text": "a", "startTime": 2, "endTime": 1 }] }), "/words"),
    ] {
        let refused = change(&server, &before, &changed).await.expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    assert_eq!(server.get(PATH).await.json()["items"], json!([before]));
}

#[tokio::test]
async fn if_match_guards_changes_and_deletions() {
    let server = Server::start().await;
    let before = stored(&server).await;
    let current = change(&server, &before, &json!({ "text": "a" })).await.expect(200);
    let current = current.header("etag").to_owned();
    let patch =
        |tag: &str| server.request(Method::PATCH, &path(&before)).header("if-match", tag).json(&json!({ "text": "b" }));
    assert_eq!(patch("\"0\"").send().await.unwrap().status(), 412);
    assert_eq!(patch(&current).send().await.unwrap().status(), 200);
    assert_eq!(patch(&current).send().await.unwrap().status(), 412);
    let delete = |tag: &str| server.request(Method::DELETE, &path(&before)).header("if-match", tag);
    assert_eq!(delete(&current).send().await.unwrap().status(), 412);
    assert_eq!(delete("*").send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_deleted_transcript_is_gone_and_its_neighbours_stay() {
    let server = Server::start().await;
    let first = stored(&server).await;
    let second = server.post(PATH, &json!({ "speaker": "a", "text": "stays" })).await.expect(201).json();
    server.delete(&path(&first)).await.expect(204);
    for answer in [server.delete(&path(&first)).await, change(&server, &first, &json!({ "text": "a" })).await] {
        assert_eq!(answer.expect(404).json()["code"], "transcript_not_found");
    }
    assert_eq!(server.get(PATH).await.json()["items"], json!([second]));
    server.delete("/calls/MZ1").await.expect(204);
    change(&server, &second, &json!({ "text": "a" })).await.expect(404);
    server.send(Method::PATCH, "/transcripts/none", &json!({ "text": "a" })).await.expect(404);
}
