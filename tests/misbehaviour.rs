//! Misbehaving carriers and networks. Unreadable messages are skipped and counted, or close the socket; the audio
//! around them is kept.

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    support::{Binary, Server, Socket, client_builder, on_sqlite, silence},
    twilio::{call, connect, inbound, start, started, stop, stored},
};

/// A counter of the service, by its name with labels.
async fn metric(client: &reqwest::Client, service: &Binary, name: &str) -> u64 {
    let text = client.get(service.url("/metrics")).send().await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |value| value.parse().unwrap())
}

/// A frame with one field changed.
fn changed(chunk: u32, change: impl FnOnce(&mut Value)) -> Message {
    let mut frame = inbound("MZ1", chunk, chunk * 20);
    change(&mut frame);
    Message::text(frame.to_string())
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_and_its_neighbours_are_kept() {
    let folder = TempDir::new().unwrap();
    let client = client_builder().build().unwrap();
    let service = Binary::serve(folder.path()).await;
    let mut socket = Socket::open(&service.url("/twilio/stream")).await;
    for message in [
        inbound("MZ1", 1, 20),
        json!({ "event": "mark", "mark": { "name": "a" } }),
        json!({ "event": "connected" }),
        start("MZ1"),
        start("MZ1"),
        start("MZ2"),
    ] {
        socket.json(&message).await;
    }
    let text = |text: &str| Message::text(text);
    let bad = [
        ("binary", Message::binary(vec![0xFF; 160])),
        ("too_long", text(&"x".repeat(70_000))),
        ("too_long", changed(900, |frame| frame["media"]["payload"] = json!(silence(70_000)))),
        ("malformed", text("")),
        ("malformed", text("{")),
        ("malformed", text("[]")),
        ("malformed", text(r#"{"event":"media"}"#)),
        ("malformed", changed(900, |frame| frame["media"]["chunk"] = json!("-1"))),
        ("malformed", changed(900, |frame| frame["media"]["timestamp"] = json!(1.5))),
        ("malformed", changed(900, |frame| frame["media"]["track"] = json!("both"))),
        ("other_stream", changed(900, |frame| frame["streamSid"] = json!("MZ2"))),
        ("other_stream", text(r#"{"event":"dtmf","streamSid":"MZ2","dtmf":{"digit":"1"}}"#)),
        ("other_stream", text(r#"{"event":"stop","streamSid":"MZ2"}"#)),
        ("bad_base64", changed(900, |frame| frame["media"]["payload"] = json!("*"))),
        ("invalid", changed(900, |frame| frame["media"]["payload"] = json!(""))),
        ("invalid", changed(900, |frame| frame["media"]["timestamp"] = json!("43200001"))),
        ("invalid", changed(900, |frame| frame["media"]["chunk"] = json!("99999999999999999999"))),
        ("conflict", changed(1, |frame| frame["media"]["payload"] = json!(silence(7)))),
        ("conflict", changed(1, |frame| frame["media"]["timestamp"] = json!("21"))),
    ];
    let count = bad.len() as u32;
    for (chunk, (_, message)) in (1..).zip(&bad) {
        socket.json(&inbound("MZ1", chunk, chunk * 20)).await;
        socket.send(message.clone()).await;
    }
    // Texts that are not UTF-8, whole and in two frames.
    socket.wire().write_all(&[0x81, 0x82, 0, 0, 0, 0, 0xFF, 0xFE]).await.unwrap();
    socket.wire().write_all(&[0x01, 0x81, 0, 0, 0, 0, 0xC3, 0x80, 0x81, 0, 0, 0, 0, b'x']).await.unwrap();
    for event in ["clear", "error", "🙂"] {
        socket.json(&json!({ "event": event, "media": 5 })).await;
    }
    socket.json(&inbound("MZ1", count + 1, (count + 1) * 20)).await;
    socket.json(&inbound("MZ1", 1, 20)).await;
    socket.json(&stop("MZ1")).await;
    assert_eq!(socket.closed().await.0, 1000);

    for (reason, expected) in [("second_start", 2), ("not_utf8", 2)] {
        let name = format!("callstore_stream_skipped_total{{reason=\"{reason}\"}}");
        assert_eq!(metric(&client, &service, &name).await, expected, "{reason}");
    }
    for (reason, _) in &bad {
        let name = format!("callstore_stream_skipped_total{{reason=\"{reason}\"}}");
        let expected = bad.iter().filter(|(other, _)| other == reason).count() as u64;
        assert_eq!(metric(&client, &service, &name).await, expected, "{reason}");
    }
    assert_eq!(metric(&client, &service, "callstore_stream_unknown_events_total").await, 3);
    assert_eq!(metric(&client, &service, "callstore_stream_sockets{protocol=\"twilio\"}").await, 0);
    let ended = client.post(service.url("/calls/MZ1/end")).send().await.unwrap().json::<Value>().await.unwrap();
    let recording = &ended["recordings"][0];
    assert_eq!(recording["gaps"], json!([{ "track": "inbound", "start": 0.0, "end": 0.02 }]));
    assert_eq!(recording["duration"], json!(f64::from((count + 2) * 20) / 1e3));
    // Once more from before the start, which is kept until that comes, and once at the end.
    assert_eq!(recording["duplicates"], 2);
    assert_eq!(client.get(service.url("/calls/MZ2")).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn frames_that_may_not_be_mixed_are_skipped_and_the_other_track_is_kept() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    server.post("/calls/MZ1/chunks", &json!({ "audio": silence(160) })).await.expect(201);
    let mut socket = started(&server, "MZ1").await;
    for chunk in 1..4 {
        socket.json(&inbound("MZ1", chunk, chunk * 20)).await;
        let mut other = inbound("MZ1", chunk, chunk * 20);
        other["media"]["track"] = json!("outbound");
        socket.json(&other).await;
    }
    socket.json(&stop("MZ1")).await;
    assert_eq!(socket.closed().await.0, 1000);
    let status = server.get("/calls/MZ1/chunks").await.json();
    let chunks: Vec<_> = status["tracks"].as_array().unwrap().iter().map(|track| &track["chunks"]).collect();
    assert_eq!(chunks, [1, 3]);
}

#[tokio::test]
async fn a_start_that_cannot_be_a_call_closes_the_socket_with_its_code() {
    let server = Server::start().await;
    let format = |encoding: &str, rate: u32| {
        let mut message = start("MZ1");
        message["start"]["mediaFormat"] = json!({ "encoding": encoding, "sampleRate": rate, "channels": 1 });
        message
    };
    let nameless = json!({ "event": "start", "start": {} });
    for (message, code) in [
        (nameless, 1007),
        (start("a b"), 1007),
        (format("audio/amr", 8_000), 1003),
        (format("audio/x-mulaw", 16_000), 1003),
        (json!({ "event": "stop" }), 1000),
    ] {
        let mut socket = connect(&server).await;
        socket.json(&message).await;
        assert_eq!(socket.closed().await.0, code, "{message}");
    }
    assert_eq!(server.count("call").await, 0);
    started(&server, "MZ1").await.close().await;
    let mut socket = connect(&server).await;
    socket.json(&format("audio/x-alaw", 8_000)).await;
    assert_eq!(socket.closed().await, (1003, "The stream returned with another media format.".to_owned()));
    let mut socket = started(&server, "MZ1").await;
    socket.json(&inbound("MZ1", 1, 20)).await;
    socket.wire().write_all(&[0x81, 0x01, b'x']).await.unwrap();
    assert_eq!(socket.closed().await.0, 1002);
    stored(&server, "MZ1", 1).await;
}

#[tokio::test]
async fn parameters_that_cannot_be_kept_do_not_keep_the_call_from_starting() {
    let server = Server::start().await;
    let mut deep = json!("x");
    for _ in 0..20 {
        deep = json!([deep]);
    }
    let mut message = start("MZ1");
    message["start"]["customParameters"] = json!({ "caller": "+1", "deep": deep });
    let mut socket = connect(&server).await;
    socket.json(&message).await;
    call(&server, "MZ1").await;
    socket.json(&inbound("MZ1", 1, 20)).await;
    stored(&server, "MZ1", 1).await;
    let call = call(&server, "MZ1").await;
    assert_eq!((&call["caller"], &call["metadata"]), (&json!("+1"), &json!(null)));
}

#[tokio::test]
async fn a_database_that_fails_for_a_moment_costs_no_audio() {
    let server = Server::start().await;
    let mut socket = started(&server, "MZ1").await;
    let chunks = if on_sqlite() { "chunk_journal" } else { "audio_chunk" };
    server.execute(&format!("ALTER TABLE {chunks} RENAME TO elsewhere")).await;
    for chunk in 1..=5 {
        socket.json(&inbound("MZ1", chunk, chunk * 20)).await;
    }
    // The service is working on it.
    server.get("/calls/MZ1").await.expect(200);
    server.execute(&format!("ALTER TABLE elsewhere RENAME TO {chunks}")).await;
    stored(&server, "MZ1", 5).await;
    socket.json(&stop("MZ1")).await;
    assert_eq!(socket.closed().await.0, 1000);
}

#[tokio::test]
async fn a_database_that_goes_on_failing_closes_the_socket() {
    let server = Server::start().await;
    let mut socket = started(&server, "MZ1").await;
    let mut waiting = connect(&server).await;
    server.break_database().await;
    socket.json(&inbound("MZ1", 1, 20)).await;
    waiting.json(&start("MZ2")).await;
    for socket in [socket, waiting] {
        assert_eq!(socket.closed().await, (1011, "The service failed.".to_owned()));
    }
}

#[tokio::test]
async fn a_peer_that_vanishes_amid_a_frame_leaves_what_it_had_sent() {
    let server = Server::start().await;
    let mut socket = started(&server, "MZ1").await;
    socket.json(&inbound("MZ1", 1, 20)).await;
    socket.wire().write_all(&[0x81, 0xFE, 0x01]).await.unwrap();
    drop(socket);
    stored(&server, "MZ1", 1).await;
    assert_eq!(call(&server, "MZ1").await["status"], "active");
}
