//! Audio to be converted.

use serde_json::{Value, json};

use super::{Case, post};
use crate::support::silence;

pub(super) fn cases() -> Vec<Case> {
    let convert = |body: Value| post("/audio/convert", body);
    let from = |from: Value| convert(json!({ "audio": silence(160), "from": from, "to": "wav" }));
    let to = |to: Value| convert(json!({ "audio": silence(160), "to": to }));
    let wav = service::audio::buffer_to_wav(&[0; 160], 16_000, 1).unwrap();
    let many = service::audio::buffer_to_wav(&[0; 65], 16_000, 65).unwrap();
    let wav =
        |from: Value| convert(json!({ "audio": service::audio::encode_base64(&wav), "from": from, "to": "openai" }));
    vec![
        convert(json!({ "to": "wav" })).invalid("/audio"),
        convert(json!({ "audio": silence(160) })).invalid("/to"),
        convert(json!({ "audio": "AAAA*", "to": "wav" })).invalid("/audio").saying("offset 4"),
        convert(json!({ "audio": "AAAA", "to": "wav", "gain": 2 })).invalid("/gain"),
        to(json!("mp3")).invalid("/to"),
        to(json!(7)).invalid("/to"),
        to(json!({})).is(422, "validation_failed"),
        to(json!({ "encoding": "pcm16" })).invalid("/to/sampleRate"),
        to(json!({ "sampleRate": 16_000 })).invalid("/to/encoding"),
        to(json!({ "encoding": "pcm16", "sampleRate": 12_345 })).invalid("/to/sampleRate"),
        to(json!({ "encoding": "mulaw", "sampleRate": 16_000 })).invalid("/to/sampleRate"),
        to(json!({ "encoding": "pcm16", "sampleRate": 16_000, "container": "ogg" })).invalid("/to/container"),
        to(json!({ "encoding": "pcm16", "sampleRate": 16_000, "channels": 2 })).invalid("/to/channels"),
        from(json!({ "encoding": "opus" })).invalid("/from/encoding"),
        from(json!({ "encoding": "alaw", "sampleRate": 16_000 })).invalid("/from/sampleRate"),
        from(json!({ "sampleRate": "8000" })).invalid("/from/sampleRate"),
        from(json!({ "container": "wav" })).invalid("/audio"),
        convert(json!({ "audio": silence(161), "from": { "encoding": "pcm16" }, "to": "wav" })).invalid("/audio"),
        wav(json!({ "container": "wav", "sampleRate": 8_000 })).invalid("/from/sampleRate"),
        wav(json!({ "container": "wav", "encoding": "mulaw" })).invalid("/from/encoding"),
        wav(json!({ "container": "wav", "encoding": "pcm16", "sampleRate": 16_000 })).accepted(),
        wav(json!({ "container": "wav" })).accepted(),
        convert(
            json!({ "audio": service::audio::encode_base64(&many), "from": { "container": "wav" }, "to": "openai" }),
        )
        .invalid("/audio")
        .saying("65 channels"),
        convert(json!({ "audio": "", "to": "wav" })).accepted(),
    ]
}
