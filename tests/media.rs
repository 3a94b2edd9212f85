//! What listeners get of a call beside its recording: peaks, parts, single channels, and calls that still run.

mod live;
mod peaks;
mod slices;

use serde_json::{Value, json};
use service::audio::encode_base64;

use crate::support::Server;

/// Bytes that look random and are the same each time: loud noise in any encoding.
fn noise(bytes: usize, mut seed: u64) -> Vec<u8> {
    let next = |_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed.to_be_bytes()[0]
    };
    (0..bytes).map(next).collect()
}

/// A chunk of noise.
fn chunk(track: &str, sequence: u32, timestamp: u32, bytes: usize) -> Value {
    let audio = noise(bytes, u64::from(sequence) + if track == "inbound" { 1 } else { 1_000 });
    json!({ "audio": encode_base64(&audio), "track": track, "sequence": sequence, "timestamp": timestamp })
}

/// Records a call with noise in these chunks, each a track, its place in milliseconds and its bytes at 8 kHz, and
/// returns the recording.
async fn recorded(server: &Server, stream_sid: &str, chunks: &[(&str, u32, usize)]) -> Value {
    server.start_call(stream_sid).await;
    for (sequence, (track, timestamp, bytes)) in (0..).zip(chunks) {
        let chunk = chunk(track, sequence, *timestamp, *bytes);
        server.post(&format!("/calls/{stream_sid}/chunks"), &chunk).await.expect(201);
    }
    let ended = server.post(&format!("/calls/{stream_sid}/end"), &json!({})).await.expect(200).json();
    ended["recordings"][0].clone()
}

/// Both tracks, with a gap, and lengths that are no whole number of pixels: 2.345 s and 1.2 s.
const STEREO: [(&str, u32, usize); 3] = [("inbound", 0, 8_003), ("inbound", 1_500, 6_760), ("outbound", 777, 3_384)];

/// The path of a recording's operation.
fn path(recording: &Value, operation: &str) -> String {
    format!("/recordings/{}/{operation}", recording["id"].as_str().unwrap())
}

/// The samples of a WAV file of 16 bits, and its number of channels. Its header must state its length.
fn samples(wav: &[u8]) -> (Vec<i16>, usize) {
    let number = |at: usize| u32::from_le_bytes(wav[at..at + 4].try_into().unwrap());
    assert_eq!((&wav[..4], &wav[8..16], &wav[36..40]), (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..]));
    assert_eq!(
        (number(4), number(24), number(40)),
        ((wav.len() - 8).try_into().unwrap(), 16_000, (wav.len() - 44).try_into().unwrap())
    );
    let samples = wav[44..].as_chunks::<2>().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect();
    (samples, usize::from(wav[22]))
}
