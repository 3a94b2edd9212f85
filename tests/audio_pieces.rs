//! `convertAudio` in pieces: joined they are the whole, and a state is taken only as it was given.

use serde_json::{Value, json};
use service::audio::{decode_base64, encode_base64};

use crate::support::Server;

async fn piece(server: &Server, from: &Value, to: &Value, audio: &[u8], state: &Value, end: bool) -> Value {
    let body = json!({ "audio": encode_base64(audio), "from": from, "to": to, "state": state, "end": end });
    server.post("/audio/convert", &body).await.expect(200).json()
}

#[tokio::test]
async fn pieces_joined_are_bit_for_bit_the_whole() {
    let server = Server::start().await;
    let audio: Vec<u8> = (0..4800u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let pcm = |rate: u32| json!({ "encoding": "pcm16", "sampleRate": rate });
    let mulaw = json!({ "encoding": "mulaw", "sampleRate": 8_000 });
    for (from, to, size) in [
        (mulaw.clone(), json!("openai"), 160),
        (mulaw.clone(), json!("storage"), 160),
        (pcm(24_000), mulaw.clone(), 960),
        (pcm(48_000), pcm(8_000), 481),
        (pcm(44_100), pcm(48_000), 882),
        (pcm(16_000), pcm(16_000), 77),
    ] {
        let body = json!({ "audio": encode_base64(&audio), "from": from, "to": to });
        let whole = server.post("/audio/convert", &body).await.expect(200).json();
        assert_eq!(whole["state"], Value::Null);
        let (mut state, mut joined) = (json!(""), Vec::new());
        for part in audio.chunks(size) {
            let answer = piece(&server, &from, &to, part, &state, false).await;
            joined.extend(decode_base64(answer["audio"].as_str().unwrap()).unwrap());
            assert!(answer["state"].as_str().unwrap().len() <= 4096);
            state = answer["state"].clone();
        }
        let answer = piece(&server, &from, &to, &[], &state, true).await;
        joined.extend(decode_base64(answer["audio"].as_str().unwrap()).unwrap());
        assert_eq!(answer["state"], Value::Null);
        assert!(joined == decode_base64(whole["audio"].as_str().unwrap()).unwrap(), "{from} {to}");
    }
}

#[tokio::test]
async fn a_state_that_was_changed_or_moved_is_refused() {
    let server = Server::start().await;
    let (from, to) = (json!({ "encoding": "pcm16", "sampleRate": 24_000 }), json!("storage"));
    let answer = piece(&server, &from, &to, &[1; 961], &json!(""), false).await;
    let state = answer["state"].as_str().unwrap();
    let changed = format!("{}{}", if state.starts_with('B') { 'C' } else { 'B' }, &state[1..]);
    let wav = json!({ "container": "wav" });
    for (from, to, state, end, pointer) in [
        (&from, &to, json!(changed), false, "/state"),
        (&from, &to, json!(state[..state.len() - 1]), false, "/state"),
        (&from, &to, json!("nonsense"), false, "/state"),
        (&from, &to, json!("A".repeat(5000)), false, "/state"),
        (&from, &json!("openai"), json!(state), false, "/state"),
        (&wav, &to, json!(""), false, "/from/container"),
        (&from, &json!("wav"), json!(""), false, "/to"),
        (&from, &to, Value::Null, true, "/end"),
        // The byte that is left over has no second one.
        (&from, &to, json!(state), true, "/audio"),
    ] {
        let body = json!({ "audio": "AAAA", "from": from, "to": to, "state": state, "end": end });
        let body = if pointer == "/audio" {
            json!({ "audio": "AAA=", "from": from, "to": to, "state": state, "end": end })
        } else {
            body
        };
        let refused = server.post("/audio/convert", &body).await.expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    let body = json!({ "audio": "", "from": from, "to": to, "state": state, "end": true, "salvage": true });
    let answer = server.post("/audio/convert", &body).await.expect(200).json();
    assert_eq!(answer["warnings"].as_array().unwrap().len(), 1);
}
