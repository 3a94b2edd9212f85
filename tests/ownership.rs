//! Keys with `ownCallsOnly`: they write to calls that they started, and to nothing else.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    document::operations,
    support::{Answer, Server, Socket, call, chunk},
};

/// A key made with `fields`, and its id.
pub(crate) async fn make(server: &Server, fields: Value) -> (String, String) {
    let made = server.post("/admin/keys", &fields).await.expect(201).json();
    (made["key"].as_str().unwrap().to_owned(), made["id"].as_str().unwrap().to_owned())
}

async fn own_key(server: &Server) -> (String, String) {
    make(server, json!({ "scope": "ingest", "ownCallsOnly": true })).await
}

/// Sends JSON with a key.
pub(crate) async fn send(server: &Server, key: &str, method: Method, path: &str, body: &Value) -> Answer {
    Answer::read(server.request(method, path).bearer_auth(key).json(body).send().await.unwrap()).await
}

async fn post(server: &Server, key: &str, path: &str, body: &Value) -> Answer {
    send(server, key, Method::POST, path, body).await
}

fn start_message(stream_sid: &str, call_sid: &str) -> Value {
    json!({ "event": "start", "streamSid": stream_sid, "start": { "streamSid": stream_sid, "callSid": call_sid } })
}

#[tokio::test]
async fn every_operation_that_writes_takes_own_calls_and_no_others() {
    let server = Server::keyed().await;
    let (own, _) = own_key(&server).await;
    let (other, _) = make(&server, json!({ "scope": "ingest" })).await;
    post(&server, &own, "/calls", &call("mine")).await.expect(201);
    let foreign = post(&server, &other, "/calls", &call("theirs")).await.expect(201).json();
    let id = foreign["id"].as_str().unwrap();
    let mut tried = BTreeSet::new();
    for operation in operations() {
        let accepts = operation.value["security"].as_array().unwrap().contains(&json!({ "apiKey": ["ingest"] }));
        if !accepts || !operation.path.contains("{call}") {
            continue;
        }
        for call in ["theirs", id] {
            let mut request = server.request(operation.method.clone(), &operation.path_to(call, "unused"));
            if let Some(example) = operation.example() {
                request = request.json(example);
            }
            let answer = Answer::read(request.bearer_auth(&own).send().await.unwrap()).await;
            let problem = answer.expect_problem(403, "call_not_allowed").json();
            assert!(problem["detail"].as_str().unwrap().contains("calls that it started"), "{problem}");
        }
        tried.insert(operation.id().to_owned());
    }
    assert!(tried.len() >= 11, "{tried:?}");
    for table in ["audio_chunk", "transcript", "analytics", "call_metadata"] {
        assert_eq!(server.count(table).await, 0, "{table}");
    }
    assert_eq!(server.get("/calls/theirs").await.json(), foreign);
    // Its own call takes all of it. What is unknown stays unknown.
    post(&server, &own, "/calls/mine/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    post(&server, &own, "/calls/mine/transcripts", &json!({ "speaker": "a", "text": "b" })).await.expect(201);
    send(&server, &own, Method::PUT, "/calls/mine/metadata", &json!({ "language": "en" })).await.expect(201);
    // A transcript belongs to its call, which its path does not name.
    for (key, call, status) in [(&own, "mine", 200), (&other, "theirs", 200), (&own, "theirs", 403)] {
        let owner = if call == "mine" { &own } else { &other };
        let said = json!({ "speaker": "a", "text": "b" });
        let said = post(&server, owner, &format!("/calls/{call}/transcripts"), &said).await.expect(201).json();
        let path = format!("/transcripts/{}", said["id"].as_str().unwrap());
        let changed = send(&server, key, Method::PATCH, &path, &json!({ "text": "c" })).await;
        assert_eq!(changed.status, status, "{}", changed.text());
    }
    let unknown = "/transcripts/00000000-0000-7000-8000-000000000000";
    let answer = send(&server, &own, Method::PATCH, unknown, &json!({ "text": "c" })).await;
    answer.expect_problem(404, "transcript_not_found");
    post(&server, &own, "/calls/nobody/chunks", &chunk("inbound", 0, 0)).await.expect_problem(404, "call_not_found");
    let status = server.request(Method::GET, "/calls/mine/chunks").bearer_auth(&own).send().await.unwrap();
    assert_eq!(status.status(), 200);
    post(&server, &own, "/calls/mine/end", &json!({})).await.expect(200);
}

#[tokio::test]
async fn a_call_of_another_cannot_be_started_again_nor_ended_by_a_report() {
    let server = Server::keyed().await;
    let (own, _) = own_key(&server).await;
    let theirs = json!({ "streamSid": "theirs", "callSid": "CA1", "caller": "+14155550134" });
    server.post("/calls", &theirs).await.expect(201);
    // Neither the same request nor another learns what is stored.
    post(&server, &own, "/calls", &theirs).await.expect_problem(403, "call_not_allowed");
    let differs = json!({ "streamSid": "theirs", "caller": "x" });
    let refused = post(&server, &own, "/calls", &differs).await.expect_problem(403, "call_not_allowed");
    assert!(!refused.text().contains("caller"), "{}", refused.text());
    let report = async |key: &str| {
        let form = "CallSid=CA1&CallStatus=completed&To=%2B14155550199";
        let request = server.request(Method::POST, "/twilio/status").bearer_auth(key);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        Answer::read(request.send().await.unwrap()).await
    };
    report(&own).await.expect_problem(403, "call_not_allowed");
    let call = server.get("/calls/theirs").await.json();
    assert_eq!((&call["status"], server.count("call_metadata").await), (&json!("active"), 0));
    // A new call is its own, also without a name.
    let mine = post(&server, &own, "/calls", &json!({})).await.expect(201).json();
    let path = format!("/calls/{}/chunks", mine["id"].as_str().unwrap());
    post(&server, &own, &path, &chunk("inbound", 0, 0)).await.expect(201);
    // A call that no key started belongs to none.
    server.execute("UPDATE call SET owner_id = NULL WHERE stream_sid = 'theirs'").await;
    post(&server, &own, "/calls/theirs/chunks", &chunk("inbound", 0, 0)).await.expect_problem(403, "call_not_allowed");
}

#[tokio::test]
async fn a_stream_of_another_is_neither_joined_nor_taken_over() {
    let server = Server::keyed().await;
    let (own, _) = own_key(&server).await;
    let (other, _) = make(&server, json!({ "scope": "ingest" })).await;
    let url = server.url("/twilio/stream");
    let mut first = Socket::try_open_as(&url, Some(&other)).await.unwrap();
    first.json(&start_message("MZ1", "CA1")).await;
    crate::support::eventually("the stream starts", async || (server.count("call").await == 1).then_some(())).await;
    let mut taker = Socket::try_open_as(&url, Some(&own)).await.unwrap();
    taker.json(&start_message("MZ1", "CA1")).await;
    let (code, reason) = taker.closed().await;
    assert!(code == 1008 && reason.contains("ownCallsOnly"), "{code} {reason}");
    let (status, problem) = Socket::try_open_as(&server.url("/calls/MZ1/stream"), Some(&own)).await.err().unwrap();
    assert_eq!((status, &problem["code"]), (403, &json!("call_not_allowed")));
    // The first one still has its stream; the other key's own stream starts.
    let frame = json!({ "event": "media", "streamSid": "MZ1",
        "media": { "track": "inbound", "chunk": "1", "timestamp": "0", "payload": crate::support::silence(160) } });
    first.json(&frame).await;
    first.json(&json!({ "event": "stop", "streamSid": "MZ1" })).await;
    assert_eq!(first.closed().await.0, 1000);
    let call = server.get("/calls/MZ1?include=recordings").await.expect(200).json();
    assert_eq!(call["endReason"], "stream_stop", "{call}");
    let mut mine = Socket::try_open_as(&url, Some(&own)).await.unwrap();
    mine.json(&start_message("MZ2", "CA2")).await;
    mine.json(&json!({ "event": "stop", "streamSid": "MZ2" })).await;
    assert_eq!(mine.closed().await.0, 1000);
    post(&server, &own, "/calls/MZ2/transcripts", &json!({ "speaker": "a", "text": "b" })).await.expect(201);
}

#[tokio::test]
async fn only_a_key_that_writes_can_be_limited_to_its_own_calls() {
    let server = Server::keyed().await;
    for scope in ["read", "admin"] {
        let body = json!({ "scope": scope, "ownCallsOnly": true });
        let refused = server.post("/admin/keys", &body).await.expect_problem(422, "validation_failed");
        assert_eq!(refused.pointers(), ["/ownCallsOnly"]);
        server.post("/admin/keys", &json!({ "scope": scope, "ownCallsOnly": false })).await.expect(201);
    }
    let (own, id) = own_key(&server).await;
    let keys = server.get("/admin/keys").await.json();
    let key = keys["items"].as_array().unwrap().iter().find(|key| key["id"] == *id).unwrap().clone();
    assert_eq!((&key["ownCallsOnly"], &key["allowedNetworks"]), (&json!(true), &Value::Null));
    // What is not about one call is open to it as to other keys of its scope, and nothing beyond.
    let convert = json!({ "audio": "/////w==", "to": "openai" });
    post(&server, &own, "/audio/convert", &convert).await.expect(200);
    let read = server.request(Method::GET, "/calls").bearer_auth(&own).send().await.unwrap();
    assert_eq!(read.status(), 403);
}
