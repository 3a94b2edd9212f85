//! Audio to be converted.

use serde_json::{Value, json};

use super::{Case, post};
use crate::support::silence;

pub(super) fn cases() -> Vec<Case> {
    let convert = |body: Value| post("/audio/convert", body);
    let from = |from: Value| convert(json!({ "audio": silence(160), "from": from, "to": "wav" }));
    let to = |to: Value| convert(json!({ "audio": silence(160), "to": to }));
    let wav = service::audio::buffer_to_wav(&[0; 160], 16_000, 1).unwrap();
    let mut mp3 = vec![0xFF, 0xFB, 0x90, 0xC4];
    mp3.resize(417, 0);
    let mp3 = mp3.repeat(2);
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
        convert(json!({ "audio": "AAAA", "from": { "container": [] }, "to": "wav" }))
            .invalid("/from/container")
            .saying("`raw` or `wav`"),
        // Each says what to do.
        file(b"RIFF\x08\0\0\0AVI text").saying("an AVI file").saying("ffmpeg -i FILE"),
        file(b"nothing known").saying("Send a WAV file, or set from.container to raw"),
        file(b"RIFF\x04\0\0\0WAVE").saying("no data chunk"),
        file(b"RIFF\xFF\0\0\0WAVE").saying("cut off after 12 bytes. Send the whole file."),
        file(&patched(20, &[2])).saying("(Microsoft ADPCM)").saying("ffmpeg -i FILE"),
        file(&patched(34, &[40])).saying("40 bits").saying("ffmpeg -i FILE"),
        file(&patched(24, &96_000_u32.to_le_bytes())).saying("-ar 48000"),
        file(&mp3).saying("an MP3 file").saying("ffmpeg -i FILE"),
    ]
}

/// A WAV file to convert that cannot be read.
fn file(bytes: &[u8]) -> Case {
    let audio = service::audio::encode_base64(bytes);
    post("/audio/convert", json!({ "audio": audio, "from": { "container": "wav" }, "to": "wav" })).invalid("/audio")
}

/// A WAV file with some of its bytes replaced.
fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = service::audio::buffer_to_wav(&[0; 160], 8_000, 1).unwrap();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}
