//! A call whose speech, gap, words, figures, key and mark are known.

use serde_json::{Value, json};

use crate::support::{Server, Socket};

/// The call's length in seconds.
pub(super) const LENGTH: f64 = 20.0;
/// When the caller and the agent speak, in seconds.
const CALLER: [(f64, f64); 2] = [(4.5, 8.0), (13.0, 15.0)];
const AGENT: [(f64, f64); 2] = [(1.0, 4.0), (7.0, 12.0)];
/// Where the agent's audio is missing, in seconds.
const GAP: (f64, f64) = (16.0, 17.0);
/// The words of the caller's first turn, and when each begins.
pub(super) const WORDS: [(&str, f64); 4] = [("I", 4.6), ("was", 5.137), ("charged", 5.803), ("twice.", 6.911)];

/// Mu-law audio from `start` to `end`: bursts of noise where somebody speaks, else silence.
fn sound(spoken: &[(f64, f64)], start: f64, end: f64) -> Vec<u8> {
    let [first, last] = [start, end].map(|seconds| (seconds * 8000.0) as u32);
    let mut noise: u32 = 0x2545_F491;
    (first..last)
        .map(|sample| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let seconds = f64::from(sample) / 8000.0;
            let is_loud = spoken.iter().any(|(start, end)| (*start..*end).contains(&seconds));
            // The sign, and one of the louder segments.
            if is_loud { (noise >> 24) as u8 & 0xBF } else { 0xFF }
        })
        .collect()
}

/// Sends the audio of both tracks to a call that was started.
async fn speak(server: &Server, call: &str) {
    let parts = [
        ("inbound", 0, sound(&CALLER, 0.0, LENGTH), 0.0),
        ("outbound", 0, sound(&AGENT, 0.0, GAP.0), 0.0),
        ("outbound", 1, sound(&AGENT, GAP.1, LENGTH), GAP.1),
    ];
    for (track, sequence, bytes, start) in parts {
        let at = (start * 1000.0) as u32;
        let path = format!("/calls/{call}/chunks?track={track}&sequence={sequence}&timestamp={at}");
        server.post_bytes(&path, "audio/basic", bytes).await.expect(201);
    }
}

/// Sends a second of audio from `second` on, on both tracks.
pub(super) async fn speak_second(server: &Server, call: &str, second: u32) {
    for (track, spoken) in [("inbound", CALLER), ("outbound", AGENT)] {
        let bytes = sound(&spoken, f64::from(second), f64::from(second + 1));
        let path = format!("/calls/{call}/chunks?track={track}&sequence={second}&timestamp={}", second * 1000);
        server.post_bytes(&path, "audio/basic", bytes).await.expect(201);
    }
}

/// Transcripts with words and without, and a tool call.
pub(super) fn transcripts() -> Value {
    let words: Vec<_> = WORDS
        .iter()
        .map(|(text, start)| json!({ "text": text, "startTime": start, "endTime": start + 0.4, "confidence": 0.9 }))
        .collect();
    json!({ "transcripts": [
        { "track": "outbound", "text": "Support, good evening.", "startTime": 1.0, "endTime": 4.0 },
        { "track": "inbound", "text": "I was charged twice.", "startTime": 4.5, "endTime": 8.0, "words": words },
        { "speaker": "agent", "kind": "tool_call", "text": "find_order", "startTime": 6.0, "data": { "order": 4719 } },
        { "track": "outbound", "text": "<img src=x onerror=alert(1)> & <b>refunded</b>", "startTime": 7.0, "endTime": 12.0 },
    ] })
}

/// A finished call with everything that its page can show. Returns its id.
pub(super) async fn record(server: &Server, call: &str) -> String {
    let started = json!({ "streamSid": call, "caller": "+14155550134", "agent": "Ava", "direction": "inbound" });
    let id = server.post("/calls", &started).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    speak(server, call).await;
    server.post(&format!("/calls/{call}/transcripts/batch"), &transcripts()).await.expect(201);
    let snapshot = json!({ "sentiment": "positive", "talkTime": 12.5, "averageLatency": 640, "interruptions": 3 });
    server.post(&format!("/calls/{call}/analytics"), &snapshot).await.expect(201);
    let metadata = json!({ "language": "en-US", "customData": { "order": 4719 } });
    server.send(reqwest::Method::PUT, &format!("/calls/{call}/metadata"), &metadata).await.expect(201);
    server.post(&format!("/calls/{call}/end"), &json!({})).await.expect(200);
    id
}

/// A finished call of Twilio's with a pressed key and a mark. Returns its id.
pub(super) async fn record_keys(server: &Server, call: &str) -> String {
    let mut socket = Socket::open(&server.url("/twilio/stream")).await;
    let audio = service::audio::encode_base64(&sound(&CALLER, 4.0, 6.0));
    let media = json!({ "track": "inbound", "chunk": "1", "timestamp": "0", "payload": audio });
    let format = json!({ "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 });
    for message in [
        json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" }),
        json!({ "event": "start", "streamSid": call, "start": { "streamSid": call, "callSid": format!("CA{call}"),
            "tracks": ["inbound"], "mediaFormat": format } }),
        json!({ "event": "media", "streamSid": call, "media": media }),
        json!({ "event": "dtmf", "streamSid": call, "dtmf": { "track": "inbound_track", "digit": "5" } }),
        json!({ "event": "mark", "streamSid": call, "mark": { "name": "order-found" } }),
        json!({ "event": "stop", "streamSid": call }),
    ] {
        socket.json(&message).await;
    }
    socket.closed().await;
    let ended = server.post(&format!("/calls/{call}/end"), &json!({})).await.expect(200).json();
    ended["id"].as_str().unwrap().to_owned()
}
