//! Deleted means gone: after the deletion of a call, nothing of it is found in any file of the data folder, or under
//! any name that led to it.

use std::{fs, path::Path, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use service::audio::encode_base64;

use crate::{
    support::{Answer, Server, eventually, files, on_folder, on_sqlite},
    twilio::{connect, start},
};

/// Texts that occur in the deleted call alone, one for each place that holds text.
const TEXTS: [&str; 10] = [
    "canary-caller",
    "canary-agent",
    "canary-transcript",
    "canary-metadata",
    "canary-custom",
    "canary-analytics",
    "canary-mark",
    "canary-stream",
    "canary-phone",
    "canary-language",
];
/// How soon after its deletion a call must be gone from all files. The documents say 10 seconds; a busy machine is
/// slower.
const BOUND: Duration = Duration::from_secs(60);
/// How many bytes of audio are searched for at a time.
const WINDOW: usize = 24;

/// Bytes that look random and are the same each time.
fn noise(bytes: usize, mut seed: u64) -> Vec<u8> {
    let next = |_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed.to_be_bytes()[0]
    };
    (0..bytes).map(next).collect()
}

/// The canaries, found by their first two bytes: a test binary is slow, and the files are large.
pub(crate) struct Canaries(Vec<Vec<Vec<u8>>>);

impl Canaries {
    /// The texts to look for.
    pub(crate) fn of(canaries: Vec<Vec<u8>>) -> Self {
        let mut by_start = vec![Vec::new(); 1 << 16];
        canaries.into_iter().for_each(|canary| by_start[start_of(&canary)].push(canary));
        Self(by_start)
    }

    /// The canaries that a file below the folder holds, each with the file.
    pub(crate) fn found(&self, folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(self.found(&path));
                continue;
            }
            // SQLite may remove its log meanwhile.
            let bytes = fs::read(&path).unwrap_or_default();
            for at in 0..bytes.len().saturating_sub(1) {
                for canary in self.0[start_of(&bytes[at..])].iter().filter(|canary| bytes[at..].starts_with(canary)) {
                    found.push(format!("{}: {}", path.display(), String::from_utf8_lossy(canary)));
                }
            }
        }
        found
    }
}

fn start_of(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

/// Sends a request that its client has named.
async fn named(server: &Server, name: &str, path: &str, body: &Value) -> Answer {
    let request = server.request(Method::POST, path).header("idempotency-key", name).json(body);
    Answer::read(request.send().await.unwrap()).await
}

/// Adds a transcript that a page shares with others.
async fn say(server: &Server, call: &str, text: &str) {
    let said = json!({ "speaker": "caller", "text": text.repeat(20) });
    server.post(&format!("/calls/{call}/transcripts"), &said).await.expect(201);
}

/// Fills a call with canaries, while others are filled beside it, and returns its id and all of them. Requests name it
/// by its id, because the audit keeps their paths.
async fn fill(server: &Server) -> (String, Vec<Vec<u8>>) {
    let new = json!({
        "streamSid": "canary-stream", "callSid": "canary-phone", "caller": "canary-caller", "agent": "canary-agent",
    });
    let call = named(server, "start", "/calls", &new).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    for call in 0..4 {
        server.start_call(&format!("other-{call}")).await;
    }
    let audio = noise(20_000, 1);
    for (index, audio) in audio.chunks(1_000).enumerate() {
        let chunk = json!({ "audio": encode_base64(audio), "sequence": index });
        server.post(&format!("/calls/{call}/chunks"), &chunk).await.expect(201);
        for other in 0..4 {
            let audio = encode_base64(&noise(1_000, other + 2));
            let chunk = json!({ "audio": audio, "sequence": index });
            server.post(&format!("/calls/other-{other}/chunks"), &chunk).await.expect(201);
            say(server, &format!("other-{other}"), "said by someone else ").await;
        }
        say(server, &call, "canary-transcript ").await;
    }
    named(server, "say", &format!("/calls/{call}/transcripts"), &json!({ "speaker": "a", "text": TEXTS[2] })).await;
    let metadata =
        json!({ "region": "canary-metadata", "language": TEXTS[9], "customData": { "number": "canary-custom" } });
    server.send(Method::PUT, &format!("/calls/{call}/metadata"), &metadata).await.expect(201);
    let analytics = json!({ "metrics": { "note": "canary-analytics" } });
    server.post(&format!("/calls/{call}/analytics"), &analytics).await.expect(201);
    let mut socket = connect(server).await;
    let mut message = start("canary-stream");
    message["start"]["callSid"] = json!("canary-phone");
    socket.json(&message).await;
    socket.json(&json!({ "event": "mark", "streamSid": "canary-stream", "mark": { "name": "canary-mark" } })).await;
    let path = format!("/calls/{call}/events");
    eventually("the mark is stored", || async {
        (!server.get(&path).await.json()["items"].as_array()?.is_empty()).then_some(())
    })
    .await;
    socket.close().await;
    let texts = TEXTS.iter().map(|text| text.as_bytes().to_vec());
    // Where a row's audio begins and ends, and in its midst.
    let windows = audio.chunks(WINDOW).step_by(7).map(<[u8]>::to_vec);
    (call, texts.chain(windows).collect())
}

/// Ends the call, and returns canaries of its recording.
async fn record(server: &Server, call: &str) -> Vec<Vec<u8>> {
    let ended = server.post(&format!("/calls/{call}/end"), &json!({})).await.expect(200).json();
    let id = ended["recordings"][0]["id"].as_str().unwrap();
    let recording = server.get(&format!("/recordings/{id}/audio")).await.expect(200).bytes;
    recording[1_000..].chunks(WINDOW).step_by(50).map(<[u8]>::to_vec).collect()
}

/// Waits until no file holds a canary.
pub(crate) async fn nothing_is_left(server: &Server, canaries: &Canaries) {
    let ask = || async { canaries.found(server.folder()).is_empty().then_some(()) };
    if tokio::time::timeout(BOUND, eventually("no file holds anything of the call", ask)).await.is_err() {
        assert_eq!(canaries.found(server.folder()), [""; 0]);
    }
}

#[tokio::test]
async fn nothing_of_a_deleted_call_is_in_any_file_while_the_service_runs_and_after_it() {
    if !on_sqlite() || !on_folder() {
        return;
    }
    for (ends, stops) in [(false, false), (true, false), (true, true)] {
        let mut server = Server::start().await;
        let (call, mut canaries) = fill(&server).await;
        if ends {
            canaries.extend(record(&server, &call).await);
        }
        let canaries = Canaries::of(canaries);
        let before = canaries.found(server.folder());
        for text in TEXTS {
            assert!(before.iter().any(|found| found.ends_with(text)), "{text} is nowhere");
        }
        assert!(before.len() > TEXTS.len() + 50, "{before:?}");
        // The statistics have the agent and the language, too.
        eventually("all slots are built", || async { (server.count("stats_mark").await == 0).then_some(()) }).await;
        server.delete(&format!("/calls/{call}")).await.expect(204);
        if stops {
            eventually("the call is removed", || async { (server.count("call").await == 4).then_some(()) }).await;
            server.stop().await;
        } else {
            nothing_is_left(&server, &canaries).await;
            server.restart().await;
            assert_eq!(server.get("/calls/other-3/transcripts").await.json()["items"].as_array().unwrap().len(), 20);
        }
        assert_eq!(canaries.found(server.folder()), [""; 0]);
    }
}

#[tokio::test]
async fn deleted_metadata_is_gone_too() {
    if !on_sqlite() || !on_folder() {
        return;
    }
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let metadata = json!({ "customData": { "number": "canary-custom" } });
    server.send(Method::PUT, "/calls/MZ1/metadata", &metadata).await.expect(201);
    server.delete("/calls/MZ1/metadata").await.expect(204);
    nothing_is_left(&server, &Canaries::of(vec![b"canary-custom".to_vec()])).await;
}

#[tokio::test]
async fn a_deleted_transcript_is_gone_too() {
    if !on_sqlite() || !on_folder() {
        return;
    }
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let said = json!({ "speaker": "a", "text": "canary-said", "data": { "number": "canary-data" } });
    let said = server.post("/calls/MZ1/transcripts", &said).await.expect(201).json();
    server.delete(&format!("/transcripts/{}", said["id"].as_str().unwrap())).await.expect(204);
    nothing_is_left(&server, &Canaries::of(vec![b"canary-said".to_vec(), b"canary-data".to_vec()])).await;
}

#[tokio::test]
async fn what_was_computed_of_a_deleted_call_is_gone_too() {
    if !on_sqlite() || !on_folder() {
        return;
    }
    let server = Server::start().await;
    server.start_call("MZ1").await;
    // Bursts of lengths that occur in no other call, so that their packed list is long enough to be searched for.
    let mut audio = Vec::new();
    for burst in 1..=12 {
        audio.extend(noise(1_600 + 800 * burst, 7));
        audio.extend(vec![0xFF; 4_000 + 480 * burst]);
    }
    for (index, audio) in audio.chunks(8_000).enumerate() {
        let chunk = json!({ "audio": encode_base64(audio), "sequence": index });
        server.post("/calls/MZ1/chunks", &chunk).await.expect(201);
    }
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    let database = server.database().await;
    let packed = crate::support::query_strings(&database, "SELECT HEX(inbound_segments) FROM computed_analytics").await;
    database.close().await.unwrap();
    let byte = |hex: &[u8]| u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap();
    let packed: Vec<u8> = packed[0].as_bytes().chunks(2).map(byte).collect();
    assert!(packed.len() > 20, "{packed:?}");
    let canaries = Canaries::of(vec![packed]);
    assert!(!canaries.found(server.folder()).is_empty());
    server.delete("/calls/MZ1").await.expect(204);
    nothing_is_left(&server, &canaries).await;
}

#[tokio::test]
async fn a_deleted_call_has_no_rows_and_no_file() {
    let server = Server::start().await;
    let rows = server.rows().await;
    server.record("MZ1").await;
    named(&server, "one", "/calls/MZ1/transcripts", &json!({ "speaker": "a", "text": "b" })).await.expect(201);
    server.delete("/calls/MZ1").await.expect(204);
    eventually("the rows are gone", || async {
        let left = server.rows().await;
        let other =
            |(table, _): &&(String, i64)| !["idempotency_key", "chunk_journal", "outbox"].contains(&table.as_str());
        left.iter().filter(other).eq(rows.iter().filter(other)).then_some(())
    })
    .await;
    // The event that tells its deletion.
    assert_eq!(server.count("outbox").await, 1);
    assert_eq!(files(&server.recordings()), 0);
}

#[tokio::test]
async fn a_request_about_a_deleted_call_is_neither_answered_again_nor_done_again() {
    let mut server = Server::start().await;
    let (call, said) = (json!({ "streamSid": "MZ1", "caller": "a" }), json!({ "speaker": "a", "text": "one" }));
    let recording = server.record("MZ2").await;
    let links = format!("/recordings/{recording}/links");
    let requests = [
        ("start", "/calls", call.clone()),
        ("chunk", "/calls/MZ1/chunks", crate::support::chunk("inbound", 0, 0)),
        ("say", "/calls/MZ1/transcripts", said.clone()),
        ("count", "/calls/MZ1/analytics", json!({ "talkTime": 1 })),
        ("end", "/calls/MZ1/end", json!({})),
        ("link", &links, json!({})),
    ];
    for (name, path, body) in &requests {
        let answer = named(&server, name, path, body).await;
        assert!(answer.status < 300, "{name}: {}", answer.text());
    }
    for call in ["MZ1", "MZ2"] {
        server.delete(&format!("/calls/{call}")).await.expect(204);
    }
    let refused = async |server: &Server| {
        for (name, path, body) in &requests {
            named(server, name, path, body).await.expect_problem(410, "call_deleted");
        }
        // Whatever else the name is used for.
        named(server, "start", "/calls", &json!({ "streamSid": "MZ3" })).await.expect_problem(410, "call_deleted");
    };
    refused(&server).await;
    eventually("the calls are gone", || async { (server.count("call").await == 0).then_some(()) }).await;
    refused(&server).await;
    server.restart().await;
    refused(&server).await;
    let database = server.database().await;
    let kept =
        "SELECT COALESCE(MAX(LENGTH(outcome) + LENGTH(fingerprint)), 0) || ' ' || COUNT(call_id) FROM idempotency_key";
    assert_eq!(crate::support::query_strings(&database, kept).await, ["0 0"]);
    // A new key does it, and after a day the old one may be used again.
    named(&server, "anew", "/calls", &call).await.expect(201);
    server.clock.advance_ms(24 * 3_600_000);
    named(&server, "say", "/calls/MZ1/transcripts", &said).await.expect(201);
}
