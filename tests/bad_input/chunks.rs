//! Chunks: position, bytes, format, and call.

use serde_json::{Value, json};

use super::{Case, get, post, request};
use crate::support::{chunk, silence};

const CHUNKS: &str = "/calls/live/chunks";
const BATCH: &str = "/calls/live/chunks/batch";
const LARGEST: usize = 256 * 1024;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = as_json();
    cases.extend(as_bytes());
    cases.extend(in_batches());
    cases
}

/// The next chunk of `live`, with one more field.
fn chunk_with(field: &str, value: Value) -> Case {
    let mut chunk = chunk("inbound", 1, 20);
    chunk[field] = value;
    post(CHUNKS, chunk)
}

fn as_json() -> Vec<Case> {
    let odd = json!({ "audio": silence(161) });
    vec![
        post("/calls/unknown/chunks", chunk("inbound", 0, 0)).is(404, "call_not_found"),
        post("/calls/ended/chunks", chunk("inbound", 0, 0)).is(409, "call_ended"),
        post("/calls/ended/chunks", chunk("inbound", 1, 20)).is(409, "call_ended"),
        post(CHUNKS, json!({})).invalid("/audio"),
        chunk_with("audio", json!("")).invalid("/audio"),
        chunk_with("audio", json!("////*///")).invalid("/audio").saying("offset 4"),
        chunk_with("audio", json!("AAAA-_")).invalid("/audio").saying("offset 5"),
        chunk_with("audio", json!("AAAA\n\nAA*A")).invalid("/audio").saying("offset 8"),
        chunk_with("audio", json!("data:audio/basic,AAAA")).invalid("/audio").saying("offset 4"),
        chunk_with("audio", json!("data:audio/basic;base64,AA*A")).invalid("/audio").saying("offset 26"),
        chunk_with("audio", json!("AAAAA")).invalid("/audio"),
        chunk_with("audio", json!("AA=A")).invalid("/audio").saying("offset"),
        chunk_with("audio", json!("AA\0A")).invalid("/audio"),
        chunk_with("audio", json!([255])).invalid("/audio"),
        chunk_with("audio", json!(silence(LARGEST + 1))).invalid("/audio"),
        chunk_with("track", json!("both")).invalid("/track"),
        chunk_with("sequence", json!(-1)).invalid("/sequence"),
        chunk_with("sequence", json!(1.5)).invalid("/sequence"),
        chunk_with("sequence", json!("1")).invalid("/sequence"),
        chunk_with("sequence", json!(2_147_483_648_u32)).invalid("/sequence"),
        chunk_with("sequence", json!(1e300)).invalid("/sequence"),
        chunk_with("timestamp", json!(-1)).invalid("/timestamp"),
        chunk_with("timestamp", json!(0.5)).invalid("/timestamp"),
        chunk_with("timestamp", json!(43_200_001)).invalid("/timestamp").saying("43,200,000"),
        chunk_with("timestamp", json!("20")).invalid("/timestamp").saying("0 to 43,200,000"),
        chunk_with("timestamp", json!(20.5)).invalid("/timestamp").saying("milliseconds since the start of the stream"),
        chunk_with("timestamp", json!(1_732_838_979_000_u64)).invalid("/timestamp").saying("43,200,000"),
        chunk_with("sequence", json!("1")).invalid("/sequence").saying("0 to 2,147,483,647"),
        chunk_with("payload", json!("a typo")).invalid("/payload"),
        post(CHUNKS, json!({ "audio": silence(161), "sequence": 0, "timestamp": 0 }))
            .is(409, "chunk_conflict")
            .at("/sequence"),
        post(CHUNKS, json!({ "audio": silence(160), "sequence": 0, "timestamp": 20 }))
            .is(409, "chunk_conflict")
            .at("/sequence"),
        post(CHUNKS, json!({ "audio": silence(160), "sequence": 0 })).is(409, "chunk_conflict").at("/sequence"),
        post("/calls/timed/chunks", json!({ "audio": silence(160) })).invalid("/timestamp"),
        post("/calls/untimed/chunks", json!({ "audio": silence(160), "timestamp": 20 })).invalid("/timestamp"),
        post("/calls/pcm/chunks", odd).invalid("/audio"),
        post(format!("{CHUNKS}?sequence=1"), chunk("inbound", 1, 20)).is(422, "validation_failed"),
        get(format!("{CHUNKS}?track=inbound")).invalid("/track"),
        get("/calls/unknown/chunks").is(404, "call_not_found"),
        chunk_with("audio", json!("/w")).accepted(),
        post(CHUNKS, json!({ "audio": silence(LARGEST), "sequence": 2, "timestamp": 43_200_000 })).accepted(),
        post(CHUNKS, json!({ "audio": "/w==", "track": "outbound", "sequence": 2_147_483_647, "timestamp": 0 }))
            .accepted(),
        // There is no number after the largest sequence number.
        post(CHUNKS, json!({ "audio": "/w==", "track": "outbound", "timestamp": 0 })).invalid("/sequence"),
    ]
}

fn as_bytes() -> Vec<Case> {
    let raw = |path: &str, kind: &str, bytes: usize| request("POST", path).typed(kind, vec![0xFF; bytes]);
    let untimed = "/calls/untimed/chunks";
    vec![
        request("POST", untimed).is(415, "unsupported_media_type").saying("audio/L16"),
        raw(untimed, "audio/ogg", 160).is(415, "unsupported_media_type"),
        raw(untimed, "text/json", 160).is(415, "unsupported_media_type"),
        raw(untimed, "audio/PCMA", 160).is(415, "audio_format_mismatch"),
        raw(untimed, "audio/L16;rate=8000", 160).is(415, "audio_format_mismatch"),
        raw(untimed, "audio/L16", 160).is(415, "unsupported_media_type"),
        raw(untimed, "audio/L16;rate=fast", 160).is(415, "unsupported_media_type"),
        raw(untimed, "audio/basic;rate=16000", 160).is(415, "unsupported_media_type"),
        raw(untimed, "audio/basic;channels=2", 160).is(415, "unsupported_media_type"),
        raw("/calls/pcm/chunks", "audio/basic", 160).is(415, "audio_format_mismatch"),
        raw("/calls/pcm/chunks", "audio/L16;rate=8000", 160).is(415, "audio_format_mismatch"),
        raw("/calls/pcm/chunks", "audio/L16;rate=16000", 161).is(422, "validation_failed"),
        raw("/calls/pcm/chunks", "application/octet-stream", 161).is(422, "validation_failed"),
        raw(untimed, "audio/basic", 0).is(422, "validation_failed"),
        raw(untimed, "audio/basic", LARGEST + 1).is(422, "validation_failed"),
        raw("/calls/untimed/chunks?sequence=-1", "audio/basic", 1).invalid("/sequence"),
        raw("/calls/untimed/chunks?sequence=2147483648", "audio/basic", 1).invalid("/sequence"),
        raw("/calls/untimed/chunks?sequence=", "audio/basic", 1).invalid("/sequence"),
        raw("/calls/untimed/chunks?timestamp=43200001", "audio/basic", 1).invalid("/timestamp"),
        raw("/calls/untimed/chunks?track=left", "audio/basic", 1).invalid("/track"),
        raw("/calls/untimed/chunks?track=inbound%00", "audio/basic", 1).invalid("/track"),
        raw("/calls/untimed/chunks?position=1", "audio/basic", 1).invalid("/position"),
        raw("/calls/untimed/chunks?sequence=0", "audio/basic", 1).is(409, "chunk_conflict").at("/sequence"),
        raw("/calls/ended/chunks", "audio/basic", 1).is(409, "call_ended"),
        raw("/calls/unknown/chunks", "audio/basic", 1).is(404, "call_not_found"),
        raw(untimed, "audio/basic", 160).header("content-encoding", "gzip").is(415, "unsupported_media_type"),
        raw(untimed, "audio/basic", LARGEST).accepted(),
        raw(untimed, "AUDIO/PCMU; rate=8000", 1).accepted(),
    ]
}

fn in_batches() -> Vec<Case> {
    let batch = |chunks: Vec<Value>| post(BATCH, json!({ "chunks": chunks }));
    let fresh = |count: u32| (0..count).map(|sequence| chunk("outbound", sequence, sequence * 20));
    let with = |bad: Value| batch(fresh(3).chain([bad]).collect());
    let mut odd = chunk("outbound", 3, 60);
    odd["audio"] = json!("AA!A");
    vec![
        batch(vec![]).invalid("/chunks"),
        batch(
            fresh(501)
                .map(|mut chunk| {
                    chunk["audio"] = json!("/w");
                    chunk
                })
                .collect(),
        )
        .invalid("/chunks"),
        post(BATCH, json!({})).invalid("/chunks"),
        post(BATCH, json!({ "chunks": {} })).invalid("/chunks"),
        post(BATCH, json!([])).is(422, "validation_failed"),
        post(BATCH, json!({ "chunks": [chunk("outbound", 0, 0)], "track": "inbound" })).invalid("/track"),
        with(json!(7)).invalid("/chunks/3"),
        with(json!({})).invalid("/chunks/3/audio"),
        with(odd).invalid("/chunks/3/audio").saying("offset 2"),
        with(json!({ "audio": "/w", "track": "outbound", "sequence": 3 })).invalid("/chunks/3/timestamp"),
        with(json!({ "audio": "/w", "track": "outbound", "sequence": 2_147_483_648_u32 }))
            .invalid("/chunks/3/sequence"),
        // A conflict inside the batch, and one with a stored chunk.
        with(chunk("outbound", 2, 41)).is(409, "chunk_conflict").at("/chunks/3/sequence"),
        with(json!({ "audio": "/w", "sequence": 0, "timestamp": 0 }))
            .is(409, "chunk_conflict")
            .at("/chunks/3/sequence"),
        post("/calls/ended/chunks/batch", json!({ "chunks": [chunk("inbound", 0, 0)] })).is(409, "call_ended"),
        post("/calls/unknown/chunks/batch", json!({ "chunks": [chunk("inbound", 0, 0)] })).is(404, "call_not_found"),
        request("POST", BATCH).typed("audio/basic", "x").is(415, "unsupported_media_type"),
        post("/calls/pcm/chunks/batch", json!({ "chunks": [{ "audio": silence(2) }, { "audio": silence(3) }] }))
            .invalid("/chunks/1/audio"),
        post("/calls/timed/chunks/batch", json!({ "chunks": fresh(500).collect::<Vec<_>>() })).accepted(),
    ]
}
