//! Every platform's stream at `/streams`: recorded sessions give the recordings they should, whatever connects them.

mod audiosocket;
mod handshakes;
mod owners;

use serde_json::{Value, json};
use service::audio::decode_base64;
use sha2::{Digest, Sha256};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::{
    support::{Server, Socket},
    twilio::{call, completed, disconnected, stored},
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dialects/tests/fixtures");
/// The sessions over WebSockets.
const SESSIONS: [&str; 15] = [
    "asterisk",
    "bandwidth",
    "exotel",
    "freeswitch",
    "genesys",
    "jambonz",
    "jitsi",
    "plivo",
    "signalwire",
    "telnyx",
    "telnyx-g722",
    "vobiz",
    "vonage",
    "voximplant",
    "audiosocket",
];

/// The messages of a session.
fn lines(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(format!("{FOLDER}/{name}.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What becomes of a session.
fn expected(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(format!("{FOLDER}/{name}.expected.json")).unwrap()).unwrap()
}

fn bytes(line: &Value) -> Vec<u8> {
    decode_base64(line["binary"].as_str().unwrap()).unwrap()
}

/// Opens a socket with the query and the subprotocols of a session. tungstenite fails if none of them is selected.
async fn connect(server: &Server, expected: &Value) -> Socket {
    let query = expected["connect"]["query"].as_object().cloned().unwrap_or_default();
    let query = query.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
    let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let offered = expected["connect"]["subprotocols"].as_array().cloned().unwrap_or_default();
    let offered: Vec<_> = offered.iter().map(|name| name.as_str().unwrap()).collect();
    let offered = offered.join(", ");
    let headers: &[(&'static str, &str)] =
        if offered.is_empty() { &[] } else { &[("sec-websocket-protocol", offered.as_str())] };
    Socket::try_open_with(&server.url(&format!("/streams?{query}")), headers)
        .await
        .unwrap_or_else(|_| panic!("{expected}"))
}

/// Sends messages, and compares the answers.
async fn play(socket: &mut Socket, lines: &[Value]) {
    for line in lines {
        match (line["dir"].as_str().unwrap(), &line["text"]) {
            ("out", wanted) => {
                let answer = socket.receive().await;
                assert!(contains(&answer, wanted), "{answer} instead of {wanted}");
            }
            (_, Value::Null) => socket.binary(bytes(line)).await,
            (_, Value::String(text)) => socket.text(text.clone()).await,
            (_, json) => socket.json(json).await,
        }
    }
}

fn contains(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            expected.iter().all(|(name, value)| found.get(name).is_some_and(|found| contains(found, value)))
        }
        (found, expected) => found == expected,
    }
}

/// Closes with 1000, as a platform does at the end of a call.
async fn hang_up(mut socket: Socket) {
    let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    socket.send(Message::Close(Some(frame))).await;
    socket.closed().await;
}

/// Compares a completed call and its recording with what a session should become.
async fn check(server: &Server, name: &str, expected: &Value) {
    let stream_sid = expected["streamSid"].as_str().unwrap();
    let call = completed(server, stream_sid).await;
    for field in ["streamSid", "callSid", "caller", "direction"] {
        assert_eq!(call[field], expected[field], "{name}: {field}");
    }
    let custom = call["metadata"]["customData"].as_object().cloned().unwrap_or_default();
    assert!(contains(&Value::Object(custom), &expected["customData"]), "{name}: {call}");
    let events = server.get(&format!("/calls/{stream_sid}/events")).await.expect(200).json();
    let digits: Vec<_> = events["items"].as_array().unwrap().iter().map(|event| event["digit"].clone()).collect();
    assert_eq!(json!(digits), expected["dtmf"], "{name}");
    let recording = &call["recordings"][0];
    assert_eq!(
        (&recording["channels"], &recording["duration"]),
        (&expected["channels"], &expected["duration"]),
        "{name}"
    );
    let id = recording["id"].as_str().unwrap();
    let wav = server.get(&format!("/recordings/{id}/audio")).await.expect(200).bytes;
    let wav = service::audio::wav::read(&wav).unwrap();
    let tracks = expected["tracks"].as_object().unwrap();
    let heard = ["inbound", "outbound"].into_iter().filter(|track| tracks.contains_key(*track));
    for (channel, track) in heard.enumerate() {
        let expected_track = &tracks[track];
        let gaps = recording["gaps"].as_array().unwrap().iter().filter(|gap| gap["track"] == track);
        let gaps: Vec<_> = gaps.map(|gap| json!([gap["start"], gap["end"]])).collect();
        assert_eq!(json!(gaps), expected_track["gaps"], "{name} {track}");
        // Every second sample of a channel is an original one, where the source has 8 kHz.
        let original: Vec<i16> =
            wav.samples[channel..].iter().step_by(2 * usize::from(wav.channels)).copied().collect();
        if expected["match"] == "exact" {
            let bytes: Vec<u8> = original.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash, expected_track["sha256"], "{name} {track}");
        } else {
            let reference = decode_base64(expected_track["referenceMulaw8k"].as_str().unwrap()).unwrap();
            let reference = service::audio::mulaw_to_pcm16(&reference);
            let close = (0..200).map(|shift| correlation(&original[shift..], &reference)).fold(0.0, f64::max);
            assert!(close >= 0.97, "{name} {track}: {close}");
        }
    }
}

fn correlation(first: &[i16], second: &[i16]) -> f64 {
    let mut sums = [0.0; 3];
    for (first, second) in first.iter().zip(second) {
        let (first, second) = (f64::from(*first), f64::from(*second));
        sums = [sums[0] + first * second, sums[1] + first * first, sums[2] + second * second];
    }
    sums[0] / (sums[1] * sums[2]).sqrt().max(1.0)
}

#[tokio::test]
async fn each_platform_s_session_becomes_the_recording_it_should() {
    let server = Server::start().await;
    for name in SESSIONS.into_iter().filter(|name| *name != "audiosocket") {
        let expected = expected(name);
        let mut socket = connect(&server, &expected).await;
        play(&mut socket, &lines(name)).await;
        hang_up(socket).await;
        check(&server, name, &expected).await;
    }
}

#[tokio::test]
async fn the_path_that_twilio_uses_takes_every_platform_too() {
    let server = Server::start().await;
    let expected = expected("plivo");
    let mut socket = Socket::open(&server.url("/twilio/stream")).await;
    play(&mut socket, &lines("plivo")).await;
    hang_up(socket).await;
    check(&server, "plivo", &expected).await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_comes_back_and_goes_on() {
    let server = Server::start().await;
    for name in ["vonage", "plivo", "telnyx", "jambonz"] {
        let (expected, lines) = (expected(name), lines(name));
        let stream_sid = expected["streamSid"].as_str().unwrap();
        let start =
            lines.iter().position(|line| line["text"]["event"] == "media" || line.get("binary").is_some()).unwrap();
        let middle = lines.len() / 2;
        let mut first = connect(&server, &expected).await;
        play(&mut first, &lines[..middle]).await;
        call(&server, stream_sid).await;
        stored(&server, stream_sid, 1).await;
        drop(first);
        disconnected(&server, stream_sid).await;
        let mut second = connect(&server, &expected).await;
        play(&mut second, &lines[..start]).await;
        play(&mut second, &lines[middle..]).await;
        hang_up(second).await;
        // The clock stands still, so nothing is missing where the connection broke.
        let call = completed(&server, stream_sid).await;
        assert_eq!(call["recordings"][0]["duration"], expected["duration"], "{name}");
    }
}

#[tokio::test]
async fn a_stream_without_a_stop_that_is_not_closed_waits_for_its_return() {
    let server = Server::start().await;
    let expected = expected("vonage");
    let stream_sid = expected["streamSid"].as_str().unwrap();
    let mut socket = connect(&server, &expected).await;
    play(&mut socket, &lines("vonage")).await;
    call(&server, stream_sid).await;
    stored(&server, stream_sid, 1).await;
    drop(socket);
    disconnected(&server, stream_sid).await;
    assert_eq!(call(&server, stream_sid).await["status"], "active");
}

#[tokio::test]
async fn audio_that_comes_before_its_start_is_kept() {
    let server = Server::start().await;
    let expected = expected("signalwire");
    let mut lines = lines("signalwire");
    let begun = lines.remove(1);
    lines.insert(8, begun);
    let mut socket = connect(&server, &expected).await;
    play(&mut socket, &lines).await;
    hang_up(socket).await;
    check(&server, "signalwire", &expected).await;
}

#[tokio::test]
async fn what_is_not_understood_is_refused_by_the_name_of_its_platform() {
    let server = Server::start().await;
    for (message, code, named) in [
        (
            json!({ "event": "start", "stream_sid": "e1", "start": { "media_format": { "encoding": "amr" } } }),
            1003,
            "exotel",
        ),
        (json!({ "event": "start", "start": { "mediaFormat": { "encoding": "PCM8" } } }), 1003, "voximplant"),
        (json!({ "sampleRate": 64_000, "callSid": "j1", "mixType": "mono" }), 1003, "jambonz"),
        (json!({ "event": "start", "start": {} }), 1007, "twilio"),
    ] {
        let mut socket = Socket::open(&server.url("/streams")).await;
        socket.json(&message).await;
        let (given, reason) = socket.closed().await;
        assert_eq!(given, code, "{message}");
        assert!(reason.contains(named), "{reason}");
    }
    let mut socket = Socket::open(&server.url("/streams")).await;
    socket.binary(vec![0; 320]).await;
    let (code, reason) = socket.closed().await;
    assert_eq!(code, 1008);
    assert!(reason.contains("freeswitch"), "{reason}");
    assert_eq!(server.count("call").await, 0);
}

#[tokio::test]
async fn genesys_is_answered_when_it_probes_and_when_it_is_refused() {
    let server = Server::start().await;
    let mut open = lines("genesys")[0]["text"].clone();
    open["parameters"]["conversationId"] = json!("00000000-0000-0000-0000-000000000000");
    let mut probe = Socket::open(&server.url("/streams")).await;
    probe.json(&open).await;
    assert_eq!(probe.receive().await["type"], "opened");
    let close =
        json!({ "version": "2", "type": "close", "id": open["id"], "seq": 2, "parameters": { "reason": "end" } });
    probe.json(&close).await;
    assert_eq!(probe.receive().await["type"], "closed");
    hang_up(probe).await;
    assert_eq!(server.count("call").await, 0);

    let organization = [("audiohook-organization-id", "another")];
    let mut refused =
        Socket::try_open_with(&server.url("/streams"), &organization).await.unwrap_or_else(|_| panic!("it opens"));
    refused.json(&lines("genesys")[0]["text"]).await;
    let answer = refused.receive().await;
    assert_eq!((&answer["type"], &answer["parameters"]["reason"]), (&json!("disconnect"), &json!("unauthorized")));
    refused.json(&close).await;
    assert_eq!(refused.receive().await["type"], "closed");
    hang_up(refused).await;
    assert_eq!(server.count("call").await, 0);
}
