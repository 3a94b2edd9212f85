//! Ten minutes of two voices, 60,000 chunks of 20 ms in batches of 100: the recording is theirs to the sample.

use serde_json::{Value, json};
use service::audio::{encode_base64, mulaw_to_pcm16, wav};

use crate::support::Server;

const CHUNKS: u32 = 30_000;

/// 20 ms of mu-law that no other place of the call has.
fn audio(track: u32, number: u32) -> Vec<u8> {
    let seed = (number * 2 + track).wrapping_mul(2_654_435_761);
    (0..160_u32).map(|index| (seed.wrapping_add(index.wrapping_mul(seed | 1)) >> 11) as u8).collect()
}

fn chunk(place: u32) -> Value {
    let (track, number) = (place % 2, place / 2);
    let name = ["inbound", "outbound"][track as usize];
    json!({ "audio": encode_base64(&audio(track, number)), "track": name, "sequence": number, "timestamp": number * 20 })
}

#[tokio::test]
async fn a_call_of_ten_minutes_is_recorded_to_the_sample() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for batch in 0..CHUNKS * 2 / 100 {
        let chunks: Vec<_> = (batch * 100..(batch + 1) * 100).map(chunk).collect();
        server.post("/calls/MZ1/chunks/batch", &json!({ "chunks": chunks })).await.expect(201);
    }
    let request = server.request(reqwest::Method::POST, "/calls/MZ1/end").header("prefer", "wait=30");
    let ended: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!((&ended["status"], &ended["recordings"][0]["duration"]), (&json!("completed"), &json!(600.0)));
    let id = ended["recordings"][0]["id"].as_str().unwrap();
    let file = server.get(&format!("/recordings/{id}/audio")).await.expect(200).bytes;
    let wav = wav::read(&file).unwrap();
    assert_eq!((wav.channels, wav.samples.len()), (2, 2 * 600 * 16_000));
    for track in [0, 1] {
        // Every second sample of a channel is a sample as it came.
        let heard: Vec<i16> = wav.samples[track as usize..].iter().step_by(4).copied().collect();
        let sent: Vec<u8> = (0..CHUNKS).flat_map(|number| audio(track, number)).collect();
        assert!(heard == mulaw_to_pcm16(&sent), "track {track} is not what was sent");
    }
}
