//! Calls: starting, naming, changing, ending.

use serde_json::{Value, json};

use super::{Case, get, post, request};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = starting();
    cases.extend(naming());
    cases.extend(changing());
    cases
}

/// The smallest call, with one more field.
fn call_with(field: &str, value: Value) -> Case {
    let mut call = json!({ "streamSid": "new", "caller": "a" });
    call[field] = value;
    post("/calls", call)
}

fn starting() -> Vec<Case> {
    let long = |length: usize| json!("x".repeat(length));
    let mut cases = vec![
        post("/calls", json!([])).is(422, "validation_failed"),
        post("/calls", json!("text")).is(422, "validation_failed"),
        post("/calls", json!(null)).is(422, "validation_failed"),
        call_with("streamSid", json!("")).invalid("/streamSid"),
        call_with("streamSid", long(129)).invalid("/streamSid"),
        call_with("streamSid", json!("a b")).invalid("/streamSid"),
        call_with("streamSid", json!("a?b")).invalid("/streamSid"),
        call_with("streamSid", json!("01905f3c-2b7a-7c11-9d4e-5a6b7c8d9e0f")).invalid("/streamSid").saying("UUID"),
        call_with("streamSid", json!("01905F3C-2B7A-7C11-9D4E-5A6B7C8D9E0F")).invalid("/streamSid").saying("UUID"),
        call_with("callSid", json!("01905f3c-2b7a-7c11-9d4e-5a6b7c8d9e0f")).invalid("/callSid").saying("UUID"),
        call_with("streamSid", json!(".")).invalid("/streamSid"),
        call_with("streamSid", json!("..")).invalid("/streamSid"),
        call_with("streamSid", json!("é")).invalid("/streamSid"),
        call_with("streamSid", json!(7)).invalid("/streamSid"),
        call_with("streamSid", json!("a\0b")).is(422, "validation_failed"),
        call_with("caller", long(129)).invalid("/caller").saying("at most 128 characters"),
        call_with("caller", json!("a\0b")).invalid("/caller"),
        call_with("caller", json!({ "number": "a" })).invalid("/caller"),
        call_with("callSid", json!("..")).invalid("/callSid"),
        call_with("callSid", long(129)).invalid("/callSid"),
        call_with("agent", json!("")).invalid("/agent"),
        call_with("agent", long(129)).invalid("/agent"),
        call_with("direction", json!("sideways")).invalid("/direction"),
        call_with("direction", json!([])).invalid("/direction").saying("`inbound` or `outbound`"),
        call_with("direction", json!({ "a": 1 })).invalid("/direction").saying("`inbound` or `outbound`"),
        call_with("direction", json!(true)).invalid("/direction").saying("`inbound` or `outbound`"),
        call_with("audioFormat", json!({ "encoding": 7 }))
            .invalid("/audioFormat/encoding")
            .saying("`mulaw`, `alaw` or `pcm16`"),
        call_with("startTime", json!("yesterday")).invalid("/startTime"),
        call_with("startTime", json!(1_767_323_045_678_i64)).invalid("/startTime"),
        call_with("startTime", json!("1969-12-31T23:59:59.999Z")).invalid("/startTime"),
        call_with("startTime", json!("3000-01-01T00:00:00Z")).invalid("/startTime"),
        call_with("audioFormat", json!("mulaw")).is(422, "validation_failed"),
        call_with("audioFormat", json!({ "encoding": "opus" })).invalid("/audioFormat/encoding"),
        call_with("audioFormat", json!({ "encoding": "mulaw", "sampleRate": 16_000 }))
            .invalid("/audioFormat/sampleRate"),
        call_with("audioFormat", json!({ "encoding": "alaw", "sampleRate": 8_001 })).invalid("/audioFormat/sampleRate"),
        call_with("audioFormat", json!({ "encoding": "pcm16", "sampleRate": 12_000 }))
            .invalid("/audioFormat/sampleRate"),
        call_with("audioFormat", json!({ "encoding": "pcm16", "sampleRate": 0.5 })).invalid("/audioFormat/sampleRate"),
        call_with("audioFormat", json!({ "channels": 2 })).invalid("/audioFormat/channels"),
        call_with("callerName", json!("a typo")).invalid("/callerName"),
        call_with("status", json!("completed")).invalid("/status"),
        request("POST", "/calls")
            .typed("application/json", r#"{"streamSid":"new","caller":"a","caller":"b"}"#)
            .invalid("/caller"),
        call_with("streamSid", json!("live")).is(409, "stream_sid_conflict").saying("caller"),
        call_with("callSid", json!("CA-taken")).is(409, "call_sid_conflict"),
        // All wrong values are reported.
        post("/calls", json!({ "streamSid": "", "agent": "" })).is(422, "validation_failed").saying("2 values"),
    ];
    let allowed = [
        json!({ "streamSid": "s".repeat(128), "caller": "é".repeat(128), "callSid": "c".repeat(128) }),
        json!({ "streamSid": "a.b_c:d-e", "caller": "x", "agent": "a".repeat(128), "direction": null }),
        json!({ "streamSid": "epoch", "caller": "x", "startTime": "1970-01-01T00:00:00Z" }),
        json!({ "streamSid": "last", "caller": "x", "startTime": "2999-12-31T23:59:59.999Z" }),
        json!({ "streamSid": "offset", "caller": "x", "startTime": "2026-01-02T03:04:05+02:00" }),
        json!({ "streamSid": "...", "caller": "x", "audioFormat": { "encoding": "pcm16", "sampleRate": 48_000.0 } }),
    ];
    cases.extend(allowed.map(|call| post("/calls", call).accepted()));
    cases
}

fn naming() -> Vec<Case> {
    let unknown =
        ["unknown", "00000000-0000-7000-8000-000000000000", "live%00", "..%2f..%2fetc%2fpasswd", "a%20b", "%ff"];
    let mut cases: Vec<_> = unknown.map(|name| get(format!("/calls/{name}")).is(404, "call_not_found")).into();
    cases.extend([
        get(format!("/calls/{}", "x".repeat(129))).is(404, "call_not_found"),
        get("/calls/..%2fcalls").is(404, "call_not_found"),
        get("/calls/l%69ve").accepted(),
        get("/calls/live?include=").invalid("/include"),
        get("/calls/live?include=everything").invalid("/include"),
        get("/calls/live?include=recordings,").invalid("/include"),
        get("/calls/live?include=metadata&include=analytics").accepted(),
        get("/calls/live?include=metadata&include=").invalid("/include"),
        get("/calls/live?include=metadata&include=everything").invalid("/include"),
        get("/calls/live?includes=metadata").invalid("/includes"),
        request("DELETE", "/calls/unknown").is(404, "call_not_found"),
        request("DELETE", "/calls/live?force=true").invalid("/force"),
        get("/recordings/live").is(404, "recording_not_found"),
        get("/recordings/..%2f..%2fcallstore.db").is(404, "recording_not_found"),
        get("/recordings/00000000-0000-7000-8000-000000000000/audio").is(404, "recording_not_found"),
    ]);
    cases
}

fn changing() -> Vec<Case> {
    let patch = |body: Value| request("PATCH", "/calls/live").json(body);
    let end = |path: &str, body: Value| post(path, body);
    vec![
        patch(json!({ "caller": null })).invalid("/caller"),
        patch(json!({ "caller": "" })).invalid("/caller"),
        patch(json!({ "agent": "x".repeat(129) })).invalid("/agent"),
        patch(json!({ "callSid": "a b" })).invalid("/callSid"),
        patch(json!({ "callSid": "CA-taken" })).is(409, "call_sid_conflict"),
        patch(json!({ "direction": "up" })).invalid("/direction"),
        patch(json!({ "streamSid": "other" })).invalid("/streamSid"),
        patch(json!({ "agent": "a\0" })).invalid("/agent"),
        patch(json!({ "agent": "a".repeat(128) })).accepted(),
        request("PATCH", "/calls/unknown").json(json!({})).is(404, "call_not_found"),
        end("/calls/unknown/end", json!({})).is(404, "call_not_found"),
        end("/calls/live/end", json!({ "endTime": "2026-01-02T03:04:05.677Z" })).invalid("/endTime"),
        end("/calls/live/end", json!({ "endTime": "now" })).invalid("/endTime"),
        end("/calls/live/end", json!({ "reason": "bored" })).invalid("/reason"),
        end("/calls/live/end", json!([])).is(422, "validation_failed"),
        end("/calls/live/end?wait=3", json!({})).invalid("/wait"),
        request("POST", "/calls/live/end").typed("text/plain", "now").is(415, "unsupported_media_type"),
        get("/calls/live").accepted(),
        end("/calls/pcm/end", json!({ "endTime": "2026-01-02T03:04:05.678Z" })).accepted(),
    ]
}
