//! What tests share: a server on a free port, a clock that they move, and short ways to ask.

mod answer;
mod binary;
mod server;

pub use answer::Answer;
pub use binary::Binary;
pub use server::{Server, TestClock};

use serde_json::{Value, json};

/// A base64 chunk of `bytes` mu-law silence.
pub fn silence(bytes: usize) -> String {
    service::audio::encode_base64(&vec![0xFF; bytes])
}

/// A chunk with its place.
pub fn chunk(track: &str, sequence: u32, timestamp: u32) -> Value {
    json!({ "audio": silence(160), "track": track, "sequence": sequence, "timestamp": timestamp })
}

/// The smallest call.
pub fn call(stream_sid: &str) -> Value {
    json!({ "streamSid": stream_sid, "caller": "+14155550134" })
}
