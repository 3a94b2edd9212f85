//! Arrays in place of objects: the order of an object's fields is not part of the API.

use serde_json::json;

use super::{Case, request};

pub(super) fn cases() -> Vec<Case> {
    let said = json!({ "speaker": "a", "text": "b" });
    [
        ("POST", "/calls", json!(["new", "+1", null, null, null, null, null]), ""),
        ("POST", "/calls", json!([]), ""),
        (
            "POST",
            "/calls",
            json!({ "streamSid": "new", "caller": "a", "audioFormat": ["pcm16", 16_000] }),
            "/audioFormat",
        ),
        ("POST", "/calls", json!({ "streamSid": "new", "caller": "a", "audioFormat": [] }), "/audioFormat"),
        ("PATCH", "/calls/live", json!(["zzz", null, "new", "outbound"]), ""),
        ("PATCH", "/calls/live", json!([]), ""),
        ("POST", "/calls/live/end", json!([]), ""),
        ("POST", "/calls/live/chunks", json!(["AAAA", null, null, null]), ""),
        ("POST", "/calls/live/chunks/batch", json!([[{ "audio": "AAAA" }]]), ""),
        ("POST", "/calls/live/chunks/batch", json!({ "chunks": [["AAAA", null, null, null]] }), "/chunks/0"),
        ("POST", "/calls/live/transcripts", json!(["a", "b", null, null, null]), ""),
        ("POST", "/calls/live/transcripts/batch", json!([[said]]), ""),
        ("POST", "/calls/live/transcripts/batch", json!({ "transcripts": [said, ["a", "b"]] }), "/transcripts/1"),
        ("POST", "/calls/live/analytics", json!(["positive"]), ""),
        ("POST", "/calls/live/analytics", json!({ "metrics": [] }), "/metrics"),
        ("PUT", "/calls/live/metadata", json!(["en", "de", "x", "y", {}]), ""),
        ("PATCH", "/calls/live/metadata", json!([]), ""),
        ("PATCH", "/calls/live/metadata", json!({ "customData": [] }), "/customData"),
        ("POST", "/audio/convert", json!(["AAAA", null, "wav"]), ""),
        ("POST", "/audio/convert", json!({ "audio": "AAAA", "from": ["mulaw", 8_000], "to": "wav" }), "/from"),
        ("POST", "/audio/convert", json!({ "audio": "AAAA", "from": "wav", "to": "wav" }), "/from"),
        ("POST", "/audio/convert", json!({ "audio": "AAAA", "to": ["pcm16", 8_000, "raw"] }), "/to"),
    ]
    .into_iter()
    .map(|(method, path, body, pointer)| {
        request(method, path).typed("application/json", body.to_string()).invalid(pointer)
    })
    .collect()
}
