//! Transcripts, analytics and metadata.

use serde_json::{Value, json};

use super::{Case, get, post, request};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = transcripts();
    cases.extend(analytics());
    cases.extend(metadata());
    cases
}

/// An object that is nested `depth` levels deep.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }))
}

/// An object that takes `bytes` of JSON.
fn sized(bytes: usize) -> Value {
    json!({ "a": "x".repeat(bytes - r#"{"a":""}"#.len()) })
}

fn transcripts() -> Vec<Case> {
    const PATH: &str = "/calls/live/transcripts";
    let with = |field: &str, value: Value| {
        let mut said = json!({ "speaker": "agent", "text": "Hello." });
        said[field] = value;
        post(PATH, said)
    };
    let batch = |items: Vec<Value>| post("/calls/live/transcripts/batch", json!({ "transcripts": items }));
    let said = || json!({ "speaker": "agent", "text": "Hello." });
    vec![
        post("/calls/unknown/transcripts", said()).is(404, "call_not_found"),
        post(PATH, json!({ "text": "Hello." })).invalid("/speaker"),
        post(PATH, json!({ "speaker": "agent" })).invalid("/text"),
        with("startTime", json!(43_200.001)).invalid("/startTime").saying("seconds"),
        with("endTime", json!(90_500)).invalid("/endTime").saying("43,200"),
        with("startTime", json!(-0.5)).invalid("/startTime").saying("43,200"),
        batch(vec![said(), json!({ "speaker": "a", "text": "b", "startTime": 1_732_838_979_000_u64 })])
            .invalid("/transcripts/1/startTime")
            .saying("seconds"),
        with("speaker", json!("")).invalid("/speaker"),
        with("speaker", json!("x".repeat(129))).invalid("/speaker"),
        with("text", json!("")).invalid("/text"),
        with("text", json!("x".repeat(32_769))).invalid("/text"),
        with("text", json!("a\0b")).invalid("/text"),
        with("confidence", json!(-0.01)).invalid("/confidence"),
        with("confidence", json!(1.01)).invalid("/confidence"),
        with("confidence", json!("high")).invalid("/confidence"),
        with("startTime", json!(-1)).invalid("/startTime"),
        with("endTime", json!(-0.5)).invalid("/endTime"),
        with("startTime", json!("2026-01-02T03:04:05Z")).invalid("/startTime"),
        post(PATH, json!({ "speaker": "a", "text": "b", "startTime": 2, "endTime": 1 })).invalid("/endTime"),
        with("region", json!("en")).invalid("/region"),
        with("language", json!("en_US")).invalid("/language"),
        request("POST", PATH)
            .typed("application/json", r#"{"speaker":"a","text":"b","confidence":1e999}"#)
            .is(422, "validation_failed"),
        request("POST", PATH)
            .typed("application/json", r#"{"speaker":"a","text":"b","confidence":NaN}"#)
            .is(400, "malformed_json"),
        batch(vec![]).invalid("/transcripts"),
        batch(vec![said(); 501]).invalid("/transcripts"),
        batch(vec![said(), json!({ "speaker": "a", "text": "" })]).invalid("/transcripts/1/text"),
        batch(vec![said(), json!({ "speaker": "a" })]).invalid("/transcripts/1/text"),
        batch(vec![said(), json!({ "speaker": "a", "text": "b", "startTime": 2, "endTime": 1 })])
            .invalid("/transcripts/1/endTime"),
        with("text", json!("é".repeat(32_768))).accepted(),
        with("confidence", json!(0)).accepted(),
        with("confidence", json!(1)).accepted(),
        post(PATH, json!({ "speaker": "x".repeat(128), "text": "b", "startTime": 1, "endTime": 1 })).accepted(),
        batch(vec![said(); 500]).accepted(),
    ]
}

fn analytics() -> Vec<Case> {
    const PATH: &str = "/calls/live/analytics";
    let with = |field: &str, value: Value| post(PATH, json!({ field: value }));
    vec![
        post("/calls/unknown/analytics", json!({})).is(404, "call_not_found"),
        with("sentiment", json!("angry")).invalid("/sentiment"),
        with("sentimentScore", json!(-0.1)).invalid("/sentimentScore"),
        with("sentimentScore", json!(1.1)).invalid("/sentimentScore"),
        with("talkTime", json!(-1)).invalid("/talkTime"),
        with("silenceTime", json!(-1)).invalid("/silenceTime"),
        with("averageLatency", json!(-1)).invalid("/averageLatency"),
        with("interruptions", json!(-1)).invalid("/interruptions"),
        with("interruptions", json!(1.5)).invalid("/interruptions"),
        with("interruptions", json!(2_147_483_648_u32)).invalid("/interruptions"),
        with("metrics", json!([])).invalid("/metrics"),
        with("metrics", json!({ "a": "b\0c" })).invalid("/metrics/a"),
        with("metrics", nested(17)).invalid("/metrics"),
        with("metrics", sized(64 * 1024 + 1)).invalid("/metrics"),
        with("snapshotTime", json!("noon")).invalid("/snapshotTime"),
        with("mood", json!("good")).invalid("/mood"),
        with("interruptions", json!(2_147_483_647)).accepted(),
        with("sentimentScore", json!(1.0)).accepted(),
        with("metrics", nested(16)).accepted(),
        with("metrics", sized(64 * 1024)).accepted(),
    ]
}

fn metadata() -> Vec<Case> {
    const PATH: &str = "/calls/live/metadata";
    let put = |body: Value| request("PUT", PATH).json(body);
    let patch = |body: Value| request("PATCH", PATH).json(body);
    let half = || json!({ "customData": { "half": "x".repeat(40 * 1024) } });
    vec![
        get(PATH).is(404, "metadata_not_found"),
        request("DELETE", PATH).is(404, "metadata_not_found"),
        get("/calls/unknown/metadata").is(404, "call_not_found"),
        request("PUT", "/calls/unknown/metadata").json(json!({})).is(404, "call_not_found"),
        put(json!({ "language": "" })).invalid("/language"),
        put(json!({ "region": "x".repeat(129) })).invalid("/region"),
        put(json!({ "deviceType": 7 })).invalid("/deviceType"),
        put(json!({ "networkQuality": "a\0" })).invalid("/networkQuality"),
        put(json!({ "customData": "text" })).invalid("/customData"),
        put(json!({ "customData": { "a\0b": 1 } })).is(422, "validation_failed"),
        put(json!({ "customData": nested(17) })).invalid("/customData"),
        put(json!({ "customData": sized(64 * 1024 + 1) })).invalid("/customData"),
        put(json!({ "custom": {} })).invalid("/custom"),
        patch(json!({ "language": "x".repeat(129) })).invalid("/language"),
        patch(json!({ "customData": [1] })).invalid("/customData"),
        patch(json!({ "callId": "other" })).invalid("/callId"),
        request("PUT", PATH).typed("application/merge-patch+json", "{}").is(415, "unsupported_media_type"),
        put(json!({ "customData": nested(16), "language": "x".repeat(128) })).accepted(),
        put(json!({ "customData": sized(64 * 1024) })).accepted(),
        put(half()).accepted(),
        // Each half is small enough; merged, they are not.
        patch(json!({ "customData": { "other": "x".repeat(40 * 1024) } })).invalid("/customData"),
    ]
}
