//! Every status that the document lists for an operation is provoked once over HTTP. A new status in the document fails
//! here until there is a request for it.

mod ask;
mod full;
mod hooks;

use reqwest::Method;
use serde_json::{Value, json};

use ask::{Ask, ask};

use crate::{
    document::{Operation, operations},
    idempotency::hold,
    signatures,
    support::{Answer, Leftover, Server, chunk, eventually, lock_writes},
};

/// Statuses that no request can provoke: these operations use nothing that a request or a missing table could break.
const BEYOND_REACH: [&str; 12] = [
    "convertAudio 500",
    // `objects` covers redirects, and stores that do not answer.
    "getCallAudio 307",
    "getCallAudio 503",
    "getCallPeaks 503",
    "getLivez 500",
    "getMetrics 500",
    "getProblem 500",
    "getReadyz 500",
    "downloadRecording 307",
    "downloadRecording 503",
    "getPeaks 503",
    "twilioVoice 500",
];

/// The Idempotency-Key of a request in progress.
const HELD: &str = "held";
/// The idempotency key of a request whose call was deleted.
const GONE: &str = "gone";

/// The fixture: a server with the call `MZ1`, which has a chunk, and a completed call with a recording.
struct World {
    server: Server,
    recording: String,
    sha256: String,
    transcript: String,
    webhook: String,
    /// A delivery of the webhook, whose first attempt failed.
    delivery: String,
    /// The id of the server's key, if it has one.
    key: Option<String>,
    /// A key that can be rotated, unlike the admin's, which is from a file.
    spare: Option<String>,
}

impl World {
    async fn new() -> Self {
        Self::of(Server::start().await).await
    }

    /// A server that requires keys; the client sends the admin's.
    async fn keyed() -> Self {
        let mut world = Self::of(Server::keyed().await).await;
        let keys = world.server.get("/admin/keys").await.expect(200).json();
        world.key = keys["items"][0]["id"].as_str().map(str::to_owned);
        let spare = world.server.post("/admin/keys", &json!({ "scope": "read" })).await.expect(201).json();
        world.spare = spare["id"].as_str().map(str::to_owned);
        world
    }

    /// A server on which only Twilio may call its webhooks.
    async fn guarded() -> Self {
        Self::of(signatures::guarded().await).await
    }

    async fn of(server: Server) -> Self {
        let taken = json!({ "streamSid": "ended", "callSid": "CA-taken", "caller": "a" });
        server.post("/calls", &taken).await.expect(201);
        // As old as the examples.
        let call = json!({ "streamSid": "MZ1", "caller": "a", "startTime": "2026-01-02T03:04:05.678Z" });
        server.post("/calls", &call).await.expect(201);
        for call in ["ended", "MZ1"] {
            server.post(&format!("/calls/{call}/chunks"), &chunk("inbound", 0, 0)).await.expect(201);
        }
        let ended = server.post("/calls/ended/end", &json!({})).await.expect(200).json();
        let recording = &ended["recordings"][0];
        let text = |field: &str| recording[field].as_str().unwrap().to_owned();
        let named = server.request(Method::POST, "/calls").header("idempotency-key", GONE);
        named.json(&json!({ "streamSid": "gone", "caller": "a" })).send().await.unwrap();
        server.delete("/calls/gone").await.expect(204);
        eventually("the call is removed", || async { (server.count("call").await == 2).then_some(()) }).await;
        let (recording, sha256) = (text("id"), text("sha256"));
        let webhook = hooks::create(&server).await;
        let utterance = json!({ "speaker": "a", "text": "b" });
        let transcript = server.post("/calls/MZ1/transcripts", &utterance).await.expect(201).json();
        let transcript = transcript["id"].as_str().unwrap().to_owned();
        let delivery = hooks::attempted(&server, &webhook).await;
        Self { server, recording, sha256, transcript, webhook, delivery, key: None, spare: None }
    }

    /// Prepares what a status needs beside the request.
    async fn prepare(&self, operation: &Operation, status: &str) {
        match (operation.id(), status) {
            ("endCall", "202") => {
                self.server.leaves(Leftover::Damage);
                self.server.leaves(Leftover::Error(""));
                self.server.execute("DROP TABLE recording_check; DROP TABLE recording").await;
            }
            ("downloadRecording" | "getPeaks" | "getCallPeaks" | "getCallAudio", "410") => {
                self.server.leaves(Leftover::Damage);
                self.server.leaves(Leftover::Error("A recording is missing"));
                let recording = self.server.get(&format!("/recordings/{}", self.recording)).await.expect(200).json();
                let file = self.server.recordings().join(recording["filePath"].as_str().unwrap());
                let _ = std::fs::remove_file(file);
            }
            ("getReadyz", "503") => self.server.break_database().await,
            ("getMetadata" | "deleteMetadata", "200" | "204" | "304" | "412") => {
                self.server.send(Method::PUT, "/calls/MZ1/metadata", &json!({})).await;
            }
            (_, "507") => self.fill().await,
            _ => {}
        }
    }

    async fn send(&self, operation: &Operation, status: &str, ask: &Ask) -> Answer {
        let missing = status == "404" && ask.call.is_none();
        let own = match operation.id() {
            "revokeKey" => self.key.as_ref(),
            "updateTranscript" | "deleteTranscript" => Some(&self.transcript),
            "rotateKey" => self.spare.as_ref().or(Some(&self.recording)),
            _ if operation.path.starts_with("/webhooks/") => Some(&self.webhook),
            _ => Some(&self.recording),
        };
        let id = own.filter(|_| !missing).map_or("00000000-0000-7000-8000-000000000000", String::as_str);
        let mut path = operation.path_to(ask.call.unwrap_or("MZ1"), id);
        if missing {
            path = path.replace("call-ended", "unheard-of");
        }
        path = path.replace("{delivery}", &self.delivery) + ask.query;
        if matches!(status, "408" | "413") {
            let (method, (name, length)) = (&operation.method, &ask.headers[0]);
            let head =
                format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n{name}: {length}\r\n\r\n");
            return self.server.raw(head.as_bytes()).await;
        }
        for body in &ask.before {
            let first = self.server.send(operation.method.clone(), &path, body).await;
            assert!(first.status < 300, "{}", first.text());
        }
        let held = ask.headers.iter().any(|(_, value)| value == HELD);
        let _held = if held { Some(hold(&self.server, HELD).await) } else { None };
        let mut request = self.server.request(operation.method.clone(), &path);
        if ["503", "507"].contains(&status) && operation.method == Method::POST {
            // The stored outcome is a write, if nothing else is.
            request = request.header("idempotency-key", operation.id());
        }
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        if let Some((content_type, bytes)) = ask.raw {
            request = request.header("content-type", content_type).body(bytes);
        }
        Answer::read(request.send().await.unwrap()).await
    }
}

#[tokio::test]
async fn every_status_of_the_document_is_answered() {
    let mut unasked = Vec::new();
    let (mut locked, mut slow) = (Vec::new(), Vec::new());
    // Refused requests change nothing, so one fixture serves all of them.
    let (whole, broken, keyed) = (World::new().await, World::new().await, World::keyed().await);
    broken.server.break_database().await;
    for operation in operations() {
        for (status, response) in operation.value["responses"].as_object().unwrap() {
            let later = match status.as_str() {
                "503"
                    if !BEYOND_REACH.contains(&format!("{} 503", operation.id()).as_str())
                        && operation.id() != "getReadyz" =>
                {
                    Some(&mut locked)
                }
                "408" => Some(&mut slow),
                _ => None,
            };
            if let Some(later) = later {
                later.push((operation.clone(), response.clone()));
                continue;
            }
            if status == "429" {
                // `limits::rate` covers it.
                continue;
            }
            let own;
            let world = match status.as_bytes()[0] {
                _ if status == "401" => &keyed,
                b'4' if operation.path.starts_with("/twilio/") && status == "403" => {
                    own = World::guarded().await;
                    &own
                }
                _ if operation.id() == "revokeKey" && status == "409" => &keyed,
                b'4' if status != "412" => &whole,
                _ if status == "500" => &broken,
                _ => {
                    let manages_keys = operation.path.starts_with("/admin/keys");
                    own = if manages_keys { World::keyed().await } else { World::new().await };
                    &own
                }
            };
            let name = format!("{} {status}", operation.id());
            let Some(ask) = ask(&operation, status, world) else {
                unasked.push(name);
                continue;
            };
            world.prepare(&operation, status).await;
            let answer = world.send(&operation, status, &ask).await;
            assert_eq!(answer.status.to_string(), *status, "{name}: {}", answer.text());
            check(&name, &answer, response);
        }
    }
    assert_eq!(unasked, BEYOND_REACH, "the document lists statuses that no request here provokes");
    whole.server.leaves(Leftover::Error("A transaction failed"));
    whole.server.leaves(Leftover::Error("the database cannot be written"));
    // All at once, because each waits until a write gives up waiting for a locked database.
    let _lock = lock_writes(&whole.server.database_file()).await;
    tokio::join!(check_together(&whole, "503", &locked), check_together(&whole, "408", &slow));
}

/// Provokes a slow status for all operations at once.
async fn check_together(world: &World, status: &str, operations: &[(Operation, Value)]) {
    let asked = operations.iter().map(|(operation, _)| async {
        let ask = ask(operation, status, world).unwrap();
        world.send(operation, status, &ask).await
    });
    for (answer, (operation, response)) in futures_util::future::join_all(asked).await.iter().zip(operations) {
        let name = format!("{} {status}", operation.id());
        assert_eq!(answer.status.to_string(), *status, "{name}: {}", answer.text());
        check(&name, answer, response);
    }
}

/// Whose last page has no link to a next one.
const PAGED: [&str; 2] = ["listCalls 200", "searchTranscripts 200"];

/// Checks that a response has the content type and the headers in the document, and that its problem code is described.
pub(crate) fn check(name: &str, answer: &Answer, response: &Value) {
    let kind = answer.header("content-type").split(';').next().unwrap();
    match response["content"].as_object() {
        Some(content) => assert!(content.contains_key(kind), "{name}: {kind}"),
        None => assert!(answer.bytes.is_empty(), "{name}: {}", answer.text()),
    }
    if answer.status >= 400 {
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        let described = response["description"].as_str().unwrap().contains(&format!("`{code}`"));
        assert!(described, "{name} was {code}, and the document says: {}", response["description"]);
    }
    let optional = |header: &str| header == "Idempotent-Replayed" || (header == "Link" && PAGED.contains(&name));
    for header in response["headers"].as_object().unwrap().keys().filter(|header| !optional(header)) {
        assert!(!answer.header(header).is_empty(), "{name} has no {header}");
    }
}
