//! The streaming protocol: every chunk is acknowledged once it is durable, or refused individually.

use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use service::audio::{encode_base64, mulaw_to_pcm16, wav};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Binary, Server, Socket, chunk, client_builder, hex, lock_writes, query_strings};

pub(crate) async fn open(server: &Server, call: &str) -> Socket {
    Socket::open(&server.url(&format!("/calls/{call}/stream"))).await
}

/// A server with the call `MZ1`, and a socket on it.
pub(crate) async fn world() -> (Server, Socket) {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let socket = open(&server, "MZ1").await;
    (server, socket)
}

/// A binary message.
fn frame(track: u8, sequence: Option<u32>, timestamp: Option<u32>, audio: &[u8]) -> Vec<u8> {
    let flags = u8::from(sequence.is_some()) | u8::from(timestamp.is_some()) << 1;
    let mut bytes = vec![track, flags, 0, 0];
    bytes.extend(sequence.unwrap_or(0).to_le_bytes());
    bytes.extend(timestamp.unwrap_or(0).to_le_bytes());
    bytes.extend(audio);
    bytes
}

/// 20 ms of audio, different for each number.
fn audio(number: u32) -> Vec<u8> {
    (0..160_u32).map(|index| (number * 7 + index * 3 + number / 256) as u8).collect()
}

pub(crate) fn numbered(number: u32) -> Vec<u8> {
    frame(0, Some(number), Some(number * 20), &audio(number))
}

pub(crate) fn ack(track: &str, sequence: u32) -> Value {
    json!({ "ack": { "track": track, "sequence": sequence } })
}

pub(crate) async fn one(server: &Server, query: &str) -> String {
    let database = server.database().await;
    let found = query_strings(&database, query).await;
    database.close().await.unwrap();
    found.into_iter().next().unwrap_or_default()
}

#[tokio::test]
async fn a_chunk_is_acknowledged_when_it_is_on_disk() {
    let (server, mut socket) = world().await;
    for number in 0..20 {
        if number % 2 == 0 {
            socket.binary(numbered(number)).await;
        } else {
            let audio = encode_base64(&audio(number));
            socket.json(&json!({ "audio": audio, "sequence": number, "timestamp": number * 20 })).await;
        }
        assert_eq!(socket.receive().await, ack("inbound", number));
        let wanted: String = audio(number).iter().map(|byte| format!("{byte:02X}")).collect();
        let tables = "SELECT data FROM chunk_journal UNION ALL SELECT data FROM audio_chunk";
        let query =
            format!("SELECT CAST(COUNT(*) AS TEXT) FROM ({tables}) AS chunks WHERE {} LIKE '%{wanted}%'", hex("data"));
        assert_eq!(one(&server, &query).await, "1", "{number}");
    }
    // Once more, and without sequence numbers.
    socket.binary(numbered(3)).await;
    assert_eq!(socket.receive().await, ack("inbound", 3));
    for sequence in 0..3 {
        socket.binary(frame(1, None, None, &audio(sequence))).await;
        assert_eq!(socket.receive().await, ack("outbound", sequence));
    }
    socket.close().await;
    let ended = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    let recording = &ended["recordings"][0];
    assert_eq!((&recording["duration"], &recording["duplicates"]), (&json!(0.4), &json!(1)));
}

#[tokio::test]
async fn chunks_that_are_sent_without_waiting_are_acknowledged_in_their_order() {
    const CHUNKS: u32 = 3_000;
    let (server, mut socket) = world().await;
    for numbers in (0..CHUNKS).collect::<Vec<_>>().chunks(500) {
        for &number in numbers {
            socket.binary(numbered(number)).await;
        }
        for &number in numbers {
            assert_eq!(socket.receive().await, ack("inbound", number));
        }
    }
    let ended = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    let id = ended["recordings"][0]["id"].as_str().unwrap();
    let file = server.get(&format!("/recordings/{id}/audio")).await.expect(200).bytes;
    let samples: Vec<i16> = wav::read(&file).unwrap().samples.into_iter().step_by(2).collect();
    let sent: Vec<u8> = (0..CHUNKS).flat_map(audio).collect();
    assert!(samples == mulaw_to_pcm16(&sent), "the recording is not what was sent");
}

#[tokio::test]
async fn what_is_refused_is_answered_in_its_place_and_the_stream_goes_on() {
    let (server, mut socket) = world().await;
    let other = frame(0, Some(1), Some(20), &audio(99));
    let long = frame(0, Some(7), Some(0), &vec![0; 256 * 1024 + 1]);
    let invalid = "validation_failed";
    // The message, and its ack; or the code, pointer, track and sequence of the refusal.
    let text = |body: Value| Message::text(body.to_string());
    let refused = |code: &str, pointer: &str, track: Value, sequence: Value| json!([code, pointer, track, sequence]);
    let cases = [
        (Message::binary(numbered(0)), ack("inbound", 0)),
        (Message::binary(numbered(1)), ack("inbound", 1)),
        (Message::binary(other), refused("chunk_conflict", "/sequence", json!("inbound"), json!(1))),
        (Message::binary(numbered(2)), ack("inbound", 2)),
        (
            Message::binary(frame(0, Some(30), None, &audio(3))),
            refused(invalid, "/timestamp", json!("inbound"), json!(30)),
        ),
        (Message::binary(frame(0, None, Some(60), &audio(3))), ack("inbound", 3)),
        (Message::binary(vec![0; 11]), refused(invalid, "", json!(null), json!(null))),
        (Message::binary(vec![0; 12]), refused(invalid, "/audio", json!("inbound"), json!(null))),
        (Message::binary(vec![2; 20]), refused(invalid, "", json!(null), json!(null))),
        (Message::binary(long), refused(invalid, "/audio", json!("inbound"), json!(7))),
        (
            text(json!({ "audio": "*", "track": "outbound", "sequence": 5 })),
            refused(invalid, "/audio", json!("outbound"), json!(5)),
        ),
        (text(json!({ "audio": "/w==", "nonsense": 1 })), refused(invalid, "/nonsense", json!(null), json!(null))),
        (
            text(json!({ "audio": "/w==", "sequence": 2_147_483_648_u32 })),
            refused(invalid, "/sequence", json!("inbound"), json!(2_147_483_648_u32)),
        ),
        (Message::text("{"), refused("malformed_json", "", json!(null), json!(null))),
        (text(chunk("outbound", 0, 0)), ack("outbound", 0)),
        (Message::binary(numbered(4)), ack("inbound", 4)),
    ];
    // One by one, and then all at once, when the stored ones are duplicates.
    for all_at_once in [false, true] {
        if all_at_once {
            for (message, _) in &cases {
                socket.send(message.clone()).await;
            }
        }
        for (message, expected) in &cases {
            if !all_at_once {
                socket.send(message.clone()).await;
            }
            let answer = socket.receive().await;
            let again = expected["ack"]["sequence"] == 3 && all_at_once;
            if expected.is_object() && !again {
                assert_eq!(&answer, expected);
            } else if !again {
                let problem = &answer["error"];
                let pointer = problem["errors"][0]["pointer"].as_str().unwrap_or_default();
                let found = json!([problem["code"], pointer, problem["track"], problem["sequence"]]);
                assert_eq!(&found, expected, "{answer}");
                assert!(problem["status"].as_u64().unwrap() >= 400 && problem["title"].is_string(), "{answer}");
                assert!(problem["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{answer}");
            }
        }
    }
    assert_eq!(server.get("/calls/MZ1").await.json()["status"], "active");
}

#[tokio::test]
async fn a_slow_disk_slows_the_client_and_memory_stays_bounded() {
    const CHUNK: usize = 256 * 1024;
    const CHUNKS: u32 = 400;
    let (server, mut socket) = world().await;
    // While this is held, no one else writes.
    let blocker = lock_writes(&server.database_file()).await;
    let big = |number: u32| frame(0, Some(number), Some(number), &vec![number as u8; CHUNK]);
    let mut sent = 0;
    while sent < CHUNKS {
        let sending = socket.send(Message::binary(big(sent)));
        if tokio::time::timeout(Duration::from_millis(500), sending).await.is_err() {
            break;
        }
        sent += 1;
    }
    // 4 MiB wait in the service; the rest is in the buffers of the two kernels.
    assert!(sent < CHUNKS / 2, "the service has taken {sent} chunks of 256 KiB and stored none");
    blocker.execute_unprepared("ROLLBACK").await.unwrap();
    blocker.close().await.unwrap();
    for number in 0..sent {
        assert_eq!(socket.receive().await, ack("inbound", number));
    }
}

#[tokio::test]
async fn every_chunk_that_was_acknowledged_survives_a_crash() {
    const ALL: u32 = 5_000;
    let folder = TempDir::new().unwrap();
    let client = client_builder().build().unwrap();
    let service = Binary::serve(folder.path()).await;
    let call = json!({ "streamSid": "MZ1", "caller": "a" });
    client.post(service.url("/calls")).json(&call).send().await.unwrap().error_for_status().unwrap();
    let mut socket = Socket::open(&service.url("/calls/MZ1/stream")).await;
    let mut service = Some(service);
    let (mut sent, mut acknowledged) = (0, 0);
    loop {
        // A hundred are in flight at any time.
        while sent < ALL && sent < acknowledged + 100 && socket.try_send(Message::binary(numbered(sent))).await {
            sent += 1;
        }
        match socket.next_or_close().await {
            Ok(answer) => assert_eq!(answer, ack("inbound", acknowledged)),
            Err(_) => break,
        }
        acknowledged += 1;
        if acknowledged == 500 {
            service.take().unwrap().kill().await;
        }
    }
    assert!(acknowledged >= 500);

    let service = Binary::serve(folder.path()).await;
    let status: Value = client.get(service.url("/calls/MZ1/chunks")).send().await.unwrap().json().await.unwrap();
    let track = &status["tracks"][0];
    let last = u32::try_from(track["lastSequence"].as_u64().unwrap()).unwrap();
    assert!(last + 1 >= acknowledged, "{acknowledged} chunks were acknowledged: {status}");
    // The client resumes after the last stored chunk.
    let mut socket = Socket::open(&service.url("/calls/MZ1/stream")).await;
    for number in last + 1..last + 11 {
        socket.binary(numbered(number)).await;
        assert_eq!(socket.receive().await, ack("inbound", number));
    }
    let ended: Value = client.post(service.url("/calls/MZ1/end")).send().await.unwrap().json().await.unwrap();
    let id = ended["recordings"][0]["id"].as_str().unwrap();
    let file = client.get(service.url(&format!("/recordings/{id}/audio"))).send().await.unwrap().bytes().await.unwrap();
    let samples: Vec<i16> = wav::read(&file).unwrap().samples.into_iter().step_by(2).collect();
    assert!(samples == mulaw_to_pcm16(&(0..last + 11).flat_map(audio).collect::<Vec<_>>()));
}
