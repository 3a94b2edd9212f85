//! Errors before an operation is reached: paths, methods, content types, and malformed JSON.

use super::{Case, get, request};

pub(super) fn cases() -> Vec<Case> {
    let body = |content_type: &str, body: &str| request("POST", "/calls").typed(content_type, body);
    let json = |text: &str| body("application/json", text);
    let bytes = |bytes: Vec<u8>| request("POST", "/calls").typed("application/json", bytes);
    let utf16 = |unit: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
        format!("{mark}{{}}").encode_utf16().flat_map(unit).collect()
    };
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let whole = r#"{"streamSid":"new","caller":"a"}"#;
    vec![
        get("/nothing").is(404, "not_found"),
        get("/calls/").is(404, "not_found"),
        get("/calls//chunks").is(404, "not_found"),
        get("/calls/live/nothing").is(404, "not_found"),
        get("/calls/live/chunks/0").is(404, "not_found"),
        get("/..%2f..%2fetc/passwd").is(404, "not_found"),
        get("/%00").is(404, "not_found"),
        get("/swagger-ui/..%2f..%2fCargo.toml").is(404, "not_found"),
        get("/problems/unheard-of").is(404, "not_found"),
        request("PUT", "/calls").is(405, "method_not_allowed").saying("GET, HEAD, POST"),
        request("DELETE", "/calls").is(405, "method_not_allowed"),
        request("POST", "/calls/live").is(405, "method_not_allowed"),
        request("PUT", "/calls/live/chunks").is(405, "method_not_allowed"),
        get("/calls/live/end").is(405, "method_not_allowed"),
        get("/audio/convert").is(405, "method_not_allowed"),
        request("POST", "/openapi.json").is(405, "method_not_allowed"),
        request("TRACE", "/calls").is(405, "method_not_allowed"),
        request("QUERY", "/calls").is(405, "method_not_allowed"),
        request("CONNECT-TO", "/calls").is(405, "method_not_allowed"),
        request("OPTIONS", "/calls").is(405, "method_not_allowed"),
        request("TRACE", "/nothing").is(404, "not_found"),
        request("POST", "/calls").is(415, "unsupported_media_type"),
        body("text/plain", whole).is(415, "unsupported_media_type"),
        body("application/jsonp", whole).is(415, "unsupported_media_type"),
        body("application/x-www-form-urlencoded", "streamSid=new&caller=a").is(415, "unsupported_media_type"),
        body("application/merge-patch+json", whole).is(415, "unsupported_media_type"),
        json(whole).header("content-encoding", "gzip").is(415, "unsupported_media_type"),
        json(whole).header("content-encoding", "zstd").is(415, "unsupported_media_type"),
        json("").is(400, "malformed_json").saying("is empty. Send a JSON object"),
        json(" \r\n").is(400, "malformed_json").saying("is empty. Send a JSON object"),
        json("{").is(400, "malformed_json").saying("ends too early").saying("Send all of it"),
        bytes(utf16(u16::to_le_bytes, "\u{feff}")).is(400, "malformed_json").saying("is UTF-16. Send JSON as UTF-8"),
        bytes(utf16(u16::to_be_bytes, "\u{feff}")).is(400, "malformed_json").saying("is UTF-16. Send JSON as UTF-8"),
        bytes(utf16(u16::to_le_bytes, "")).is(400, "malformed_json").saying("is UTF-16. Send JSON as UTF-8"),
        json(r#"{"streamSid":"new","caller":"a",}"#).is(400, "malformed_json"),
        json(r#"{"streamSid":"new","caller":"a"} {}"#).is(400, "malformed_json"),
        json(r#"{'streamSid':'new'}"#).is(400, "malformed_json"),
        json(r#"{"streamSid":"new","caller":"\ud800","x":1}"#).is(422, "validation_failed").saying("/x"),
        json("\u{feff}{").is(400, "malformed_json"),
        json("{}\u{feff}").is(400, "malformed_json"),
        bytes(b"{\"caller\":\"\xff\"}".to_vec()).is(400, "malformed_json").saying("not UTF-8 from byte 11 on"),
        json(&deep(100)).is(422, "validation_failed"),
        json(&format!(r#"{{"streamSid":"new","caller":{}}}"#, deep(100_000))).is(422, "validation_failed"),
        get("/livez?verbose=1").invalid("/verbose"),
        get("/readyz?%00").is(422, "validation_failed"),
        body("Application/JSON; charset=utf-8", whole).accepted(),
        json(&whole.replace("new", "new2")).header("content-encoding", "identity").accepted(),
    ]
}
