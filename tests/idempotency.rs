//! `Idempotency-Key`: a retried request is executed once, and gets the first response.

mod hooks;
mod secrets;

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{ADMIN_KEY, Answer, Leftover, Server, call, chunk, eventually, hex, query_strings};

const KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A request, and a different one.
struct Case {
    operation: &'static str,
    path: String,
    content_type: &'static str,
    body: String,
    other: String,
}

/// Every POST operation.
fn cases(recording: &str, key: &str) -> Vec<Case> {
    let case = |operation, path: &str, content_type, body: String, other: String| Case {
        operation,
        path: path.to_owned(),
        content_type,
        body,
        other,
    };
    let of = |operation, path: &str, body: &Value, other: &Value| {
        case(operation, path, JSON, body.to_string(), other.to_string())
    };
    let utterance = |text: &str| json!({ "speaker": "caller", "text": text });
    vec![
        of("startCall", "/calls", &call("MZ2"), &call("MZ3")),
        of("addAudioChunk", "/calls/MZ1/chunks", &chunk("inbound", 7, 140), &chunk("inbound", 8, 160)),
        of(
            "addAudioChunks",
            "/calls/MZ1/chunks/batch",
            &json!({ "chunks": [chunk("outbound", 1, 20)] }),
            &json!({ "chunks": [chunk("outbound", 2, 40)] }),
        ),
        of("addTranscript", "/calls/MZ1/transcripts", &utterance("one"), &utterance("two")),
        of(
            "addTranscripts",
            "/calls/MZ1/transcripts/batch",
            &json!({ "transcripts": [utterance("one"), utterance("two")] }),
            &json!({ "transcripts": [utterance("one")] }),
        ),
        of(
            "importTranscripts",
            "/calls/MZ1/transcripts/import",
            &json!([{ "start": 0, "end": 1, "text": "imported" }]),
            &json!([{ "start": 0, "end": 1, "text": "another" }]),
        ),
        of("addAnalytics", "/calls/MZ1/analytics", &json!({ "talkTime": 1.25 }), &json!({ "talkTime": 2 })),
        of("endCall", "/calls/MZ4/end", &json!({}), &json!({ "endTime": "2026-01-02T04:00:00.000Z" })),
        of(
            "createRecordingLink",
            &format!("/recordings/{recording}/links"),
            &json!({ "ttlSeconds": 60 }),
            &json!({ "ttlSeconds": 61 }),
        ),
        of(
            "convertAudio",
            "/audio/convert",
            &json!({ "audio": "/////w==", "to": "openai" }),
            &json!({ "audio": "/////w==", "to": "storage" }),
        ),
        of("createCallToken", "/calls/MZ1/tokens", &json!({ "ttlSeconds": 60 }), &json!({ "ttlSeconds": 61 })),
        of(
            "rotateKey",
            &format!("/admin/keys/{key}/rotate"),
            &json!({ "overlapSeconds": 60 }),
            &json!({ "overlapSeconds": 61 }),
        ),
        of("createKey", "/admin/keys", &json!({ "scope": "read" }), &json!({ "scope": "ingest" })),
        case("twilioVoice", "/twilio/voice", FORM, "CallSid=CA1".to_owned(), "CallSid=CA2".to_owned()),
        case("twilioStatus", "/twilio/status", FORM, "CallSid=CA1".to_owned(), "CallSid=CA2".to_owned()),
    ]
}

async fn post_as(server: &Server, key: &str, path: &str, content_type: &str, body: &str) -> Answer {
    let request = server.request(Method::POST, path).header("idempotency-key", key);
    Answer::read(request.header("content-type", content_type).body(body.to_owned()).send().await.unwrap()).await
}

async fn post_json(server: &Server, key: &str, path: &str, body: &Value) -> Answer {
    post_as(server, key, path, JSON, &body.to_string()).await
}

/// The body of a request that is held in progress.
pub(crate) fn held_body() -> String {
    call("held").to_string()
}

/// Starts a named request whose body is still to come.
pub(crate) async fn hold(server: &Server, name: &str) -> TcpStream {
    hold_as(server, name, None).await
}

/// The same with a key of its own in place of the server's.
pub(crate) async fn hold_as(server: &Server, name: &str, key: Option<&str>) -> TcpStream {
    let authorization = key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
    let head = format!(
        "POST /calls HTTP/1.1\r\nHost: localhost\r\n{authorization}Idempotency-Key: {name}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        held_body().len()
    );
    let probe = || async {
        let request = server.client.post(server.url("/calls")).header("idempotency-key", name);
        let request = key.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        request.json(&json!({ "nonsense": 1 })).send().await.unwrap().status().as_u16()
    };
    eventually("a request is under way", || async {
        let mut socket = TcpStream::connect(server.url("").replace("http://", "")).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        // Until the service has read its headers, another request with the name fails because of its own body. That
        // request holds the name meanwhile, so this one may be refused.
        let taken_up = eventually("the request is taken up or refused", || async {
            let taken_up = probe().await == 409;
            let refused = socket.try_read(&mut [0]).is_ok();
            (taken_up || refused).then_some(!refused)
        });
        taken_up.await.then_some(socket)
    })
    .await
}

#[tokio::test]
async fn every_post_is_done_once_and_answered_again_also_after_a_restart() {
    let mut server = Server::keyed().await;
    let recording = server.record("MZ0").await;
    for name in ["MZ1", "MZ4"] {
        server.start_call(name).await;
    }
    let key = server.post("/admin/keys", &json!({ "scope": "read" })).await.expect(201).json();
    let mut cases = cases(&recording, key["id"].as_str().unwrap());
    cases.extend(hooks::cases(&server).await);
    let document = server.get("/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap().values();
    let posts: BTreeSet<_> = paths.filter_map(|path| path["post"]["operationId"].as_str()).collect();
    assert_eq!(posts, cases.iter().map(|case| case.operation).collect(), "an operation without a case");

    let mut first = Vec::new();
    for Case { operation, path, content_type, body, .. } in &cases {
        let answer = post_as(&server, operation, path, content_type, body).await;
        assert!(answer.status < 300, "{operation}: {}", answer.text());
        assert_eq!(answer.header("idempotent-replayed"), "", "{operation}");
        first.push(answer);
    }
    // A stop moves all chunks out of the journal; from here on nothing may change.
    server.restart().await;
    let rows = server.rows().await;
    assert!(rows.contains(&("idempotency_key".to_owned(), cases.len() as i64)));
    for _ in 0..2 {
        server.clock.advance_ms(1_000);
        for (Case { operation, path, content_type, body, other }, before) in cases.iter().zip(&first) {
            let again = post_as(&server, operation, path, content_type, body).await;
            assert_eq!((again.status, again.text()), (before.status, before.text()), "{operation}");
            assert_eq!(again.header("location"), before.header("location"), "{operation}");
            assert_eq!(again.header("idempotent-replayed"), "true", "{operation}");
            for (path, sent) in [(path.clone(), other), (path.clone() + "?", body), (path.clone() + "/", body)] {
                let refused = post_as(&server, operation, &path, content_type, sent).await;
                // An operation without a body has no other one.
                let is_same = sent == body && !path.ends_with('/');
                let code = if path.ends_with('/') { 404 } else { 422 };
                assert!(is_same || refused.status == code, "{operation} {path}: {}", refused.text());
                assert!(code != 422 || is_same || refused.json()["code"] == "idempotency_key_reused", "{operation}");
            }
        }
        assert_eq!(server.rows().await, rows);
        server.restart().await;
    }
}

#[tokio::test]
async fn a_name_is_free_again_after_a_day_and_after_a_refusal() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let (path, said) = ("/calls/MZ1/transcripts", json!({ "speaker": "a", "text": "one" }));
    // A refused request had no effect: the client corrects it and uses the same name.
    let refused = json!({ "speaker": "a", "text": "" });
    post_json(&server, KEY, path, &refused).await.expect_problem(422, "validation_failed");
    post_json(&server, KEY, "/calls/MZ9/transcripts", &said).await.expect_problem(404, "call_not_found");
    let first = post_json(&server, KEY, path, &said).await.expect(201);
    server.clock.advance_ms(24 * 3_600_000 - 1);
    let again = post_json(&server, KEY, path, &said).await.expect(201);
    assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), "true"));
    server.clock.advance_ms(1);
    let anew = post_json(&server, KEY, path, &said).await.expect(201);
    assert_eq!(anew.header("idempotent-replayed"), "");
    assert_eq!((server.count("transcript").await, server.count("idempotency_key").await), (2, 1));
}

#[tokio::test]
async fn a_name_belongs_to_the_key_that_has_used_it() {
    let server = Server::keyed().await;
    server.start_call("MZ1").await;
    let (path, said) = ("/calls/MZ1/transcripts", json!({ "speaker": "a", "text": "one" }));
    post_json(&server, KEY, path, &said).await.expect(201);
    let other = server.post("/admin/keys", &json!({ "scope": "ingest" })).await.expect(201).json();
    let other = server.client.post(server.url(path)).bearer_auth(other["key"].as_str().unwrap());
    let request = other.header("idempotency-key", KEY).json(&json!({ "speaker": "b", "text": "two" }));
    let answer = Answer::read(request.send().await.unwrap()).await.expect(201);
    assert_eq!(answer.header("idempotent-replayed"), "");
}

#[tokio::test]
async fn while_a_request_is_under_way_another_of_its_name_waits() {
    let server = Server::start().await;
    let body = held_body();
    let mut socket = hold(&server, KEY).await;
    let refused = post_json(&server, KEY, "/calls", &json!({ "nonsense": 1 }))
        .await
        .expect_problem(409, "idempotency_key_in_use");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(server.count("call").await, 0);
    socket.write_all(body.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    let first = Answer::parse(&answer).expect(201);
    let again = post_as(&server, KEY, "/calls", JSON, &body).await.expect(201);
    assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), "true"));
}

#[tokio::test]
async fn many_of_one_name_at_once_are_one() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let said = json!({ "speaker": "a", "text": "one" });
    let answers = join_all((0..32).map(|_| post_json(&server, KEY, "/calls/MZ1/transcripts", &said))).await;
    let done = answers.iter().filter(|answer| answer.status == 201);
    let (again, first): (Vec<_>, Vec<_>) = done.partition(|answer| answer.header("idempotent-replayed") == "true");
    assert_eq!(first.len(), 1);
    assert!(again.iter().all(|answer| answer.text() == first[0].text()));
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)));
    assert_eq!(server.count("transcript").await, 1);
}

#[tokio::test]
async fn what_is_kept_cannot_be_read_without_the_client() {
    let server = Server::keyed().await;
    server.start_call("MZ1").await;
    let made = post_json(&server, KEY, "/admin/keys", &json!({ "scope": "read" })).await.expect(201).json();
    let said = json!({ "speaker": "a", "text": "my number is 4929 1234" });
    post_json(&server, "another", "/calls/MZ1/transcripts", &said).await.expect(201);
    let database = server.database().await;
    let columns = ["id", "fingerprint", "outcome"].map(hex).join(" || ");
    let kept = query_strings(&database, &format!("SELECT {columns} FROM idempotency_key")).await.concat();
    let secret = made["key"].as_str().unwrap();
    for text in [KEY, "another", secret, &secret[3..], ADMIN_KEY, "4929", "speaker"] {
        let hex: String = text.bytes().map(|byte| format!("{byte:02X}")).collect();
        assert!(!kept.contains(&hex), "{text}");
    }
    assert!(kept.len() > 400, "{kept}");
    // The name of another client does not open it, even for the same request.
    let copy = "UPDATE idempotency_key SET outcome = (SELECT outcome FROM idempotency_key ORDER BY length(outcome) DESC LIMIT 1)";
    server.execute(copy).await;
    server.leaves(Leftover::Error("a kept outcome"));
    post_json(&server, KEY, "/admin/keys", &json!({ "scope": "read" })).await;
    let refused = post_json(&server, "another", "/calls/MZ1/transcripts", &said).await;
    let opened = post_json(&server, KEY, "/admin/keys", &json!({ "scope": "read" })).await;
    assert_ne!((refused.status, opened.status), (201, 201));
}

#[tokio::test]
async fn a_name_that_is_none_is_refused() {
    let server = Server::start().await;
    let body = call("MZ1");
    for name in ["", "two words", "ü", &"x".repeat(256)] {
        let request = server.request(Method::POST, "/calls").header("idempotency-key", name.as_bytes()).json(&body);
        let refused = Answer::read(request.send().await.unwrap()).await.expect_problem(422, "validation_failed");
        assert_eq!(refused.pointers(), ["/Idempotency-Key"], "{name}");
    }
    let twice = server.request(Method::POST, "/calls").header("idempotency-key", "a").header("idempotency-key", "b");
    Answer::read(twice.json(&body).send().await.unwrap()).await.expect_problem(422, "validation_failed");
    post_json(&server, &"x".repeat(255), "/calls", &body).await.expect(201);
}
