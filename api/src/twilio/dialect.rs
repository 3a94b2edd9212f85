//! Which platform's dialect a message looks like, so that the log of a refused stream says who sent it.

use serde_json::{Map, Value};

/// The dialect of a stream's first message, by the fields that only one platform sends; `unknown` if none fits.
pub(crate) fn dialect(text: &str) -> &'static str {
    if text.starts_with("MEDIA_START ") {
        return "asterisk";
    }
    let Ok(Value::Object(message)) = serde_json::from_str(text) else { return "unknown" };
    let has = |name: &str| message.contains_key(name);
    let text_of = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default();
    match text_of("event") {
        "start" => return of_start(&message),
        "websocket:connected" => return "vonage",
        "MEDIA_START" => return "asterisk",
        "info" | "sources" | "session-end" => return "jitsi",
        "connected" => return "twilio",
        _ => {}
    }
    if has("rawEvent") {
        "signalwire"
    } else if text_of("eventType") == "start" && has("metadata") {
        "bandwidth"
    } else if text_of("type") == "open" && has("version") {
        "genesys"
    } else if text_of("command") == "connect" && has("codec") {
        "sinch"
    } else if has("sampleRate") && has("callSid") {
        "jambonz"
    } else {
        "unknown"
    }
}

fn of_start(message: &Map<String, Value>) -> &'static str {
    let start = message.get("start").and_then(Value::as_object);
    let inside = |name: &str| start.is_some_and(|start| start.contains_key(name));
    let outside = |name: &str| message.contains_key(name);
    if inside("streamSid") {
        "twilio"
    } else if inside("call_control_id") || (start.is_some() && outside("stream_id")) {
        "telnyx"
    } else if inside("stream_sid") || (start.is_some() && outside("stream_sid")) {
        "exotel"
    } else if inside("streamId") || outside("streamId") {
        "plivo"
    } else if outside("stream_id") && outside("call_id") {
        "wavix"
    } else if inside("mediaFormat") {
        "voximplant"
    } else {
        "unknown"
    }
}

#[cfg(test)]
mod tests {
    use super::dialect;

    #[test]
    fn platforms_are_told_apart_by_their_first_message() {
        for (message, expected) in [
            (r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#, "twilio"),
            (r#"{"event":"start","start":{"streamSid":"MZ1","mediaFormat":{}}}"#, "twilio"),
            (r#"{"event":"start","stream_id":"1","start":{"media_format":{}}}"#, "telnyx"),
            (r#"{"event":"start","stream_sid":"1","start":{}}"#, "exotel"),
            (r#"{"event":"start","streamId":"1"}"#, "plivo"),
            (r#"{"event":"start","start":{"mediaFormat":{}}}"#, "voximplant"),
            (r#"{"event":"websocket:connected","content-type":"audio/l16;rate=16000"}"#, "vonage"),
            (r#"{"version":"2","type":"open","parameters":{}}"#, "genesys"),
            (r#"{"eventType":"start","metadata":{}}"#, "bandwidth"),
            (r#"{"callSid":"1","sampleRate":8000}"#, "jambonz"),
            ("MEDIA_START connection_id:1", "asterisk"),
            ("hello", "unknown"),
            ("[]", "unknown"),
            (r#"{"event":"start"}"#, "unknown"),
        ] {
            assert_eq!(dialect(message), expected, "{message}");
        }
    }
}
