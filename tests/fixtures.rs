//! Recorded sessions, posted in any order and batch size: the recordings are correct to the sample.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{self, Server};

pub(crate) const SESSIONS: [&str; 4] = ["clean-two-party", "caller-only", "rough-two-party", "jittery-two-party"];

/// The messages of a session, as sent.
pub(crate) fn lines(name: &str) -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/twilio");
    std::fs::read_to_string(format!("{folder}/{name}.jsonl")).unwrap().lines().map(str::to_owned).collect()
}

/// The expected content of a session's recording.
pub(crate) fn expected(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/twilio");
    serde_json::from_str(&std::fs::read_to_string(format!("{folder}/{name}.expected.json")).unwrap()).unwrap()
}

struct RecordedSession {
    stream_sid: String,
    chunks: Vec<Value>,
    expected: Value,
}

impl RecordedSession {
    fn read(name: &str) -> Self {
        let events: Vec<Value> = lines(name).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let number = |value: &Value| value.as_str().unwrap().parse::<u32>().unwrap();
        let chunks = events.iter().filter(|event| event["event"] == "media").map(|event| {
            let media = &event["media"];
            json!({
                "audio": media["payload"], "track": media["track"],
                "sequence": number(&media["chunk"]), "timestamp": number(&media["timestamp"]),
            })
        });
        let start = events.iter().find(|event| event["event"] == "start").unwrap();
        Self {
            stream_sid: start["streamSid"].as_str().unwrap().to_owned(),
            chunks: chunks.collect(),
            expected: expected(name),
        }
    }

    /// The chunks in another order, the same for the same seed.
    fn shuffle(&mut self, mut seed: u64) {
        for index in (1..self.chunks.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            self.chunks.swap(index, (seed >> 33) as usize % (index + 1));
        }
    }
}

async fn record(server: &Server, session: &RecordedSession, batch: usize) -> Value {
    server.start_call(&session.stream_sid).await;
    let path = format!("/calls/{}", session.stream_sid);
    for chunks in session.chunks.chunks(batch) {
        if let [one] = chunks {
            let answer = server.post(&format!("{path}/chunks"), one).await;
            assert!([200, 201].contains(&answer.status), "{}", answer.text());
        } else {
            let answer = server.post(&format!("{path}/chunks/batch"), &json!({ "chunks": chunks })).await;
            assert!([200, 201].contains(&answer.status), "{}", answer.text());
        }
    }
    let ended = server.post(&format!("{path}/end"), &json!({})).await.expect(200).json();
    assert_eq!(ended["status"], "completed", "{ended}");
    ended["recordings"][0].clone()
}

pub(crate) async fn check(server: &Server, recording: &Value, expected: &Value) {
    let audio = server.get(&format!("/recordings/{}/audio", recording["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(audio.bytes.len(), recording["sizeBytes"].as_u64().unwrap() as usize);
    let hex = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(&audio.bytes), recording["sha256"]);
    assert_eq!(audio.header("etag"), format!("\"{}\"", recording["sha256"].as_str().unwrap()));
    let wav = service::audio::wav::read(&audio.bytes).unwrap();
    assert_eq!((wav.sample_rate, u64::from(wav.channels)), (16_000, expected["channels"].as_u64().unwrap()));
    let frames = wav.samples.len() / usize::from(wav.channels);
    assert_eq!(frames as u64, expected["samples16k"].as_u64().unwrap());
    assert_eq!(recording["duration"], expected["duration"]);
    let file = server.recordings().join(recording["filePath"].as_str().unwrap());
    assert_eq!(support::frames(&file).await, [frames as u64; 3], "ffprobe, sox, soundfile");

    let mut overlap = 0.0;
    let tracks = expected["tracks"].as_object().unwrap();
    let heard = ["inbound", "outbound"].into_iter().filter(|track| tracks.contains_key(*track));
    for (channel, track) in heard.enumerate() {
        let expected = &tracks[track];
        // Every second sample of a channel is an original one.
        let bytes: Vec<u8> = wav.samples[channel..]
            .iter()
            .step_by(2 * usize::from(wav.channels))
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        assert_eq!(hex(&bytes), expected["sha256_pcm16_8k_padded"], "{track}");
        let all = recording["gaps"].as_array().unwrap().iter().filter(|gap| gap["track"] == track);
        let gaps: Vec<_> = all.map(|gap| json!([gap["start"], gap["end"]])).collect();
        assert_eq!(json!(gaps), expected["gaps"], "{track}");
        overlap += expected["overlapSeconds"].as_f64().unwrap();
    }
    assert!((recording["overlapSeconds"].as_f64().unwrap() - overlap).abs() < 1e-9);
}

#[tokio::test]
async fn sessions_become_the_recordings_they_should_in_any_order_and_batch_size() {
    for name in SESSIONS {
        for (seed, batch) in [(None, 1), (Some(1), 7), (Some(2), 500)] {
            let server = Server::start().await;
            let mut session = RecordedSession::read(name);
            if let Some(seed) = seed {
                session.shuffle(seed);
            }
            let recording = record(&server, &session, batch).await;
            check(&server, &recording, &session.expected).await;
        }
    }
}
