//! Twilio Media Streams: recorded sessions sent through the socket give the expected recordings, whatever happens on
//! the way.

use serde_json::{Value, json};
use service::audio::encode_base64;

use crate::{
    fixtures::{SESSIONS, check, expected, lines},
    support::{Server, Socket, eventually, query_strings},
};

pub(crate) async fn connect(server: &Server) -> Socket {
    Socket::open(&server.url("/twilio/stream")).await
}

pub(crate) fn start(stream_sid: &str) -> Value {
    json!({
        "event": "start", "sequenceNumber": "1", "streamSid": stream_sid,
        "start": {
            "streamSid": stream_sid, "accountSid": "AC1", "tracks": ["inbound", "outbound"],
            "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 },
        },
    })
}

/// 20 ms of audio, different for each number.
pub(crate) fn audio(number: u32) -> Vec<u8> {
    (0..160_u32).map(|index| (number * 31 + index * 7) as u8 | 0x80).collect()
}

pub(crate) fn media(stream_sid: &str, track: &str, chunk: u32, timestamp: u32, audio: &[u8]) -> Value {
    json!({
        "event": "media", "sequenceNumber": "9", "streamSid": stream_sid,
        "media": {
            "track": track, "chunk": chunk.to_string(), "timestamp": timestamp.to_string(),
            "payload": encode_base64(audio),
        },
    })
}

pub(crate) fn inbound(stream_sid: &str, chunk: u32, timestamp: u32) -> Value {
    media(stream_sid, "inbound", chunk, timestamp, &audio(chunk))
}

pub(crate) fn stop(stream_sid: &str) -> Value {
    json!({ "event": "stop", "streamSid": stream_sid, "stop": { "accountSid": "AC1", "callSid": "CA1" } })
}

/// A socket with a stream that has started, and its call.
pub(crate) async fn started(server: &Server, stream_sid: &str) -> Socket {
    let mut socket = connect(server).await;
    socket.json(&json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" })).await;
    socket.json(&start(stream_sid)).await;
    call(server, stream_sid).await;
    socket
}

/// Waits for the call.
pub(crate) async fn call(server: &Server, call: &str) -> Value {
    eventually("the call is started", || async {
        let answer = server.get(&format!("/calls/{call}?include=recordings,metadata")).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await
}

/// Waits until the call is completed.
pub(crate) async fn completed(server: &Server, stream_sid: &str) -> Value {
    eventually("the call is completed", || async {
        let call = call(server, stream_sid).await;
        (call["status"] == "completed").then_some(call)
    })
    .await
}

/// Waits until this many chunks are stored.
pub(crate) async fn stored(server: &Server, stream_sid: &str, chunks: u64) {
    eventually("the chunks are stored", || async {
        let status = server.get(&format!("/calls/{stream_sid}/chunks")).await.expect(200).json();
        let sum: u64 = status["tracks"].as_array().unwrap().iter().map(|track| track["chunks"].as_u64().unwrap()).sum();
        (sum >= chunks).then_some(())
    })
    .await;
}

/// Reads a column of a call.
pub(crate) async fn column(server: &Server, stream_sid: &str, column: &str) -> Option<i64> {
    let database = server.database().await;
    let query = format!("SELECT CAST({column} AS TEXT) FROM call WHERE stream_sid = '{stream_sid}'");
    let found = query_strings(&database, &query).await.into_iter().next().unwrap_or_default();
    database.close().await.unwrap();
    found.parse().ok()
}

pub(crate) async fn disconnected(server: &Server, stream_sid: &str) -> i64 {
    eventually("the disconnect is noted", || column(server, stream_sid, "disconnected_at")).await
}

#[tokio::test]
async fn recorded_sessions_become_the_recordings_they_should() {
    let server = Server::start().await;
    for name in SESSIONS {
        let expected = expected(name);
        let mut socket = connect(&server).await;
        for line in lines(name) {
            socket.text(line).await;
        }
        assert_eq!(socket.closed().await, (1000, "The stream has ended.".to_owned()));
        let call = completed(&server, expected["streamSid"].as_str().unwrap()).await;
        assert_eq!((&call["endReason"], &call["callSid"]), (&json!("stream_stop"), &expected["callSid"]));
        assert_eq!(call["caller"], expected["caller"]);
        assert_eq!(call["metadata"]["customData"], json!({ "campaign": name }));
        check(&server, &call["recordings"][0], &expected).await;
    }
}

#[tokio::test]
async fn frames_are_on_disk_without_waiting_for_more() {
    let server = Server::start().await;
    let mut socket = started(&server, "MZ1").await;
    socket.json(&inbound("MZ1", 1, 80)).await;
    stored(&server, "MZ1", 1).await;
    socket.json(&inbound("MZ1", 2, 100)).await;
    stored(&server, "MZ1", 2).await;
}

#[tokio::test]
async fn a_stream_of_an_ended_call_is_closed() {
    let server = Server::start().await;
    let mut socket = started(&server, "MZ1").await;
    socket.json(&inbound("MZ1", 1, 80)).await;
    stored(&server, "MZ1", 1).await;
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    assert_eq!(socket.closed().await, (1008, "The call has ended.".to_owned()));
    let mut again = connect(&server).await;
    again.json(&start("MZ1")).await;
    assert_eq!(again.closed().await, (1008, "The call has ended.".to_owned()));
    assert_eq!(call(&server, "MZ1").await["endReason"], "api");

    let socket = started(&server, "MZ2").await;
    server.delete("/calls/MZ2").await.expect(204);
    assert_eq!(socket.closed().await.0, 1008);
}

#[tokio::test]
async fn a_socket_whose_stream_never_starts_is_closed() {
    let server = Server::start().await;
    let mut socket = connect(&server).await;
    socket.json(&json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" })).await;
    assert_eq!(socket.closed().await, (1008, "No start message arrived in time.".to_owned()));
}

#[tokio::test]
async fn a_call_that_was_started_by_a_request_takes_the_stream_of_its_name() {
    let server = Server::start().await;
    let id = server.start_call("MZ1").await;
    server.clock.advance_ms(5_000);
    let mut socket = started(&server, "MZ1").await;
    socket.json(&inbound("MZ1", 1, 0)).await;
    socket.json(&stop("MZ1")).await;
    socket.closed().await;
    let call = completed(&server, "MZ1").await;
    assert_eq!((&call["id"], &call["caller"]), (&json!(id), &json!("+14155550134")));
    assert_eq!(call["recordings"][0]["duration"], json!(0.02));
}

#[tokio::test]
async fn one_phone_call_can_have_several_streams() {
    let server = Server::start().await;
    for (stream_sid, caller, custom) in
        [("MZ1", "+1", json!({ "agent": "ada" })), ("MZ2", "unknown", json!({ "callSid": "CA1" }))]
    {
        let mut message = start(stream_sid);
        message["start"]["callSid"] = json!("CA1");
        if stream_sid == "MZ1" {
            message["start"]["customParameters"] = json!({ "from": "+1", "agent": "ada" });
        }
        // The second start is a reconnect.
        for _ in 0..2 {
            let mut socket = connect(&server).await;
            socket.json(&message).await;
            eventually("the start is known", || column(&server, stream_sid, "last_write_at")).await;
            socket.close().await;
        }
        let call = call(&server, stream_sid).await;
        let call_sid = if stream_sid == "MZ1" { json!("CA1") } else { json!(null) };
        assert_eq!((&call["callSid"], &call["caller"]), (&call_sid, &json!(caller)));
        assert_eq!(call["metadata"]["customData"], custom);
    }
}

#[tokio::test]
async fn the_dialect_of_telnyx_is_understood() {
    let server = Server::start().await;
    let name = "32DE0DEA-53CB-4B21-89A4-9E1819C043BC";
    let mut socket = connect(&server).await;
    socket.json(&json!({ "event": "connected", "version": "1.0.0" })).await;
    socket
        .json(&json!({
            "event": "start", "sequence_number": "1", "stream_id": name,
            "start": {
                "user_id": "3E6F995F", "call_control_id": "v2:T02llQxIyaRkhfRKxgAP8nY511EhFLizdvdUKJiSw8d6A9BborherQ",
                "from": "+13122010094", "to": "+13122123456", "tags": ["a"], "custom_parameters": { "customer": "7" },
                "media_format": { "encoding": "L16", "sample_rate": 16000, "channels": 1 },
            },
        }))
        .await;
    // 20 ms of a ramp each, high byte first, in any order.
    let frame = |number: i16| (0..320).map(|index| number * 1_000 + index).collect::<Vec<i16>>();
    for number in [3, 1, 2] {
        let payload: Vec<u8> = frame(number).iter().flat_map(|sample| sample.to_be_bytes()).collect();
        socket
            .json(&json!({
                "event": "media", "sequence_number": "4", "stream_id": name,
                "media": {
                    "track": "inbound", "chunk": number.to_string(), "timestamp": ((number - 1) * 20).to_string(),
                    "payload": encode_base64(&payload),
                },
            }))
            .await;
    }
    let dtmf =
        json!({ "event": "dtmf", "stream_id": name, "occurred_at": "2026-01-02T03:04:05Z", "dtmf": { "digit": "1" } });
    socket.json(&dtmf).await;
    socket.json(&json!({ "event": "stop", "sequence_number": "5", "stream_id": name, "stop": {} })).await;
    assert_eq!(socket.closed().await.0, 1000);
    let call = completed(&server, name).await;
    assert_eq!(call["audioFormat"], json!({ "encoding": "pcm16", "sampleRate": 16_000 }));
    assert_eq!(
        (&call["caller"], &call["metadata"]["customData"]),
        (&json!("+13122010094"), &json!({ "customer": "7" }))
    );
    assert!(call["callSid"].as_str().unwrap().starts_with("v2:T02"));
    let id = call["recordings"][0]["id"].as_str().unwrap();
    let wav = server.get(&format!("/recordings/{id}/audio")).await.expect(200).bytes;
    let heard = service::audio::wav::read(&wav).unwrap().samples;
    assert_eq!(heard, (1..=3).flat_map(frame).collect::<Vec<_>>());
    let events = server.get(&format!("/calls/{name}/events")).await.json();
    assert_eq!(events["items"][0]["track"], json!(null));
}
