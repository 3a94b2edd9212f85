//! Transcripts that their clients name: interim results become final, and what recognizers return beside the text.

use serde_json::{Value, json};

use super::PATH;
use crate::support::Server;

fn said(text: &str, is_final: bool) -> Value {
    json!({ "externalId": "seg-1", "track": "inbound", "text": text, "startTime": 1.5, "final": is_final })
}

#[tokio::test]
async fn everything_that_a_recognizer_knows_comes_back() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let whole = json!({
        "externalId": "seg-1",
        "kind": "tool_call",
        "track": "outbound",
        "speaker": "bot",
        "text": "book",
        "confidence": 0.5,
        "startTime": 1.0,
        "endTime": 2.5,
        "language": "pt-BR",
        "words": [
            { "text": "bo", "startTime": 1.0, "endTime": 1.5, "confidence": 0.25 },
            { "text": "ok", "startTime": 1.0, "endTime": 2.5, "confidence": null },
        ],
        "data": { "id": "call_1", "arguments": { "day": "Monday" } },
        "final": false,
    });
    let stored = server.post(PATH, &whole).await.expect(201).json();
    for (name, value) in whole.as_object().unwrap() {
        assert_eq!(&stored[name], value, "{name}");
    }
    assert_eq!(server.get(PATH).await.expect(200).json()["items"], json!([stored]));
    let parts = server.get("/calls/MZ1?include=transcripts").await.expect(200).json();
    assert_eq!(parts["transcripts"], json!([stored]));
}

#[tokio::test]
async fn the_speaker_follows_from_the_track_unless_one_is_given() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for (body, speaker) in [
        (json!({ "text": "a", "track": "inbound" }), "caller"),
        (json!({ "text": "a", "track": "outbound" }), "agent"),
        (json!({ "text": "a", "track": "outbound", "speaker": "Ada" }), "Ada"),
    ] {
        assert_eq!(server.post(PATH, &body).await.expect(201).json()["speaker"], speaker);
    }
    let refused = server.post(PATH, &json!({ "text": "a" })).await.expect(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/speaker");
    assert_eq!(refused["errors"][0]["detail"], "Required unless track is given.");
}

#[tokio::test]
async fn an_interim_result_becomes_final_under_the_same_id() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let first = server.post(PATH, &said("I would", false)).await.expect(201).json();
    server.clock.advance_ms(1_000);
    let second = server.post(PATH, &said("I would like", true)).await.expect(200).json();
    assert_eq!((&second["id"], &second["createdAt"]), (&first["id"], &first["createdAt"]));
    assert_eq!((&second["text"], &second["final"]), (&json!("I would like"), &json!(true)));
    assert!(second["updatedAt"].as_str() > first["updatedAt"].as_str());
    let same = server.post(PATH, &said("I would like", true)).await.expect(200).json();
    assert_eq!(same, second);
    assert_eq!(server.get(PATH).await.json()["items"], json!([second]));
    // Another call has names of its own.
    server.start_call("MZ2").await;
    server.post("/calls/MZ2/transcripts", &said("hello", true)).await.expect(201);
}

#[tokio::test]
async fn in_a_batch_the_last_of_a_name_wins() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let batch = |items: Value| json!({ "transcripts": items });
    let path = format!("{PATH}/batch");
    let other = json!({ "speaker": "a", "text": "other" });
    let items = json!([said("I", false), other, said("I would", true)]);
    let stored = server.post(&path, &batch(items)).await.expect(201).json();
    assert_eq!(stored["items"].as_array().unwrap().len(), 3);
    assert_eq!(stored["items"][0]["id"], stored["items"][2]["id"]);
    let kept = server.get(PATH).await.expect(200).json();
    assert_eq!(super::texts(&kept), ["I would", "other"]);
    server.post(&path, &batch(json!([said("I would like", true)]))).await.expect(200);
    assert_eq!(server.count("transcript").await, 2);
}

/// Requests of one moment share a transaction, in which none of them sees the rows of another in the database.
#[tokio::test]
async fn requests_with_one_name_at_the_same_time_leave_one_transcript() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let bodies: Vec<_> = (0..32).map(|number| said(&format!("take {number}"), true)).collect();
    let sent: Vec<_> = bodies.iter().map(|body| server.post(PATH, body)).collect();
    let answers = futures_util::future::join_all(sent).await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!((created, answers.iter().filter(|answer| answer.status == 200).count()), (1, 31));
    assert_eq!(server.count("transcript").await, 1);
}

#[tokio::test]
async fn filters_combine_with_pages_and_formats() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let add = |kind: &str, track: &str, text: &str, is_final: bool| json!({ "kind": kind, "track": track, "text": text, "startTime": 1, "endTime": 2, "final": is_final });
    let items = json!([
        add("speech", "inbound", "one", true),
        add("speech", "outbound", "two", false),
        add("tool_call", "outbound", "three", true),
        { "kind": "note", "speaker": "dtmf", "text": "four" },
    ]);
    server.post(&format!("{PATH}/batch"), &json!({ "transcripts": items })).await.expect(201);
    for (query, expected) in [
        ("kind=speech", vec!["one", "two"]),
        ("kind=note", vec!["four"]),
        ("track=outbound", vec!["two", "three"]),
        ("final=false", vec!["two"]),
        ("final=true&track=outbound&kind=tool_call&speaker=agent", vec!["three"]),
        ("kind=tool_result", vec![]),
    ] {
        let page = server.get(&format!("{PATH}?{query}")).await.expect(200).json();
        assert_eq!(super::texts(&page), expected, "{query}");
    }
    let text = server.get(&format!("{PATH}?format=txt&kind=speech&final=true")).await.expect(200).text();
    assert_eq!(text, "[00:00:01.000] caller: one\n");
    server.get(&format!("{PATH}?kind=shout")).await.expect(422);
}

#[tokio::test]
async fn limits_of_the_fields_are_told() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let word = |start: f64, end: f64| json!({ "text": "a", "startTime": start, "endTime": end });
    let deep = (0..17).fold(json!(1), |inner, _| json!({ "a": inner }));
    for (field, value, pointer) in [
        ("language", json!("en_US"), "/language"),
        ("language", json!("a".repeat(36)), "/language"),
        ("externalId", json!(""), "/externalId"),
        ("externalId", json!("a b"), "/externalId"),
        ("externalId", json!("a".repeat(129)), "/externalId"),
        ("kind", json!("shout"), "/kind"),
        ("track", json!("both"), "/track"),
        ("words", json!([word(2.0, 3.0), word(1.0, 2.0)]), "/words"),
        ("words", json!([word(2.0, 1.0)]), "/words/0/endTime"),
        ("words", json!([word(0.0, 43_200.5)]), "/words/0/endTime"),
        ("words", json!([{ "text": "", "startTime": 0, "endTime": 0 }]), "/words/0/text"),
        ("words", json!([{ "text": "a", "startTime": null, "endTime": 0 }]), "/words/0/startTime"),
        ("words", json!([["a", 0, 1]]), "/words/0"),
        ("words", json!(vec![word(1.0, 1.0); 5_001]), "/words"),
        ("data", json!([]), "/data"),
        ("data", json!({ "text": "a".repeat(65_536) }), "/data"),
        ("data", deep, "/data"),
        ("final", json!("yes"), "/final"),
    ] {
        let mut body = json!({ "speaker": "a", "text": "b" });
        body[field] = value;
        let refused = server.post(PATH, &body).await.expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    assert_eq!(server.count("transcript").await, 0);
}
