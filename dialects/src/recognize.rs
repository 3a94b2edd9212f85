//! Recognizes a platform by its first messages. The order of the questions matters: the first that fits decides.

use serde_json::Value;

use crate::{
    Context, Name,
    fields::{Fields, object, parse, text, word},
};

/// What a message says about the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It is this platform's.
    Is(Name),
    /// It could be this platform's, and others'; the start will tell. Nothing of it is needed.
    Perhaps(Name),
    /// It belongs to a stream whose start is still to come.
    Early,
    /// The stream ends before it has started.
    Stop,
    /// It is JSON that no platform begins with.
    Unknown,
    /// It is not a message.
    Malformed,
}

/// The prefix that some builds of jambonz put before the JSON.
pub(crate) const JAMBONZ_PREFIX: &str = "jambonz-session-record ";

/// What the next message of a stream says that is not recognized yet.
pub(crate) fn recognize(message: &str, context: &Context) -> Seen {
    if message.starts_with("MEDIA_START ") {
        return Seen::Is(Name::Asterisk);
    }
    let message = message.strip_prefix(JAMBONZ_PREFIX).unwrap_or(message);
    // FreeSWITCH sends any text, so only the URL or the subprotocol can confirm it.
    let or_freeswitch = |seen| if confirms_freeswitch(context) { Seen::Is(Name::FreeSwitch) } else { seen };
    let Some(fields) = parse(message) else { return or_freeswitch(Seen::Malformed) };
    let seen = of_fields(&fields);
    if seen == Seen::Unknown { or_freeswitch(seen) } else { seen }
}

/// Whether a stream that begins with anything else is FreeSWITCH's.
pub(crate) fn confirms_freeswitch(context: &Context) -> bool {
    context.sample_rate().is_some()
        || context.number("channels").is_some()
        || context.subprotocol == Some("audio.drachtio.org")
}

/// The platform that a message looks like, if it looks like any.
#[must_use]
pub fn looks_like(message: &str) -> Option<Name> {
    match recognize(message, &Context::default()) {
        Seen::Is(name) | Seen::Perhaps(name) => Some(name),
        Seen::Early | Seen::Stop | Seen::Unknown | Seen::Malformed => None,
    }
}

fn of_fields(fields: &Fields) -> Seen {
    let has = |name: &str| fields.contains_key(name);
    if has("eventType")
        && let Some(raw) = object(fields, "rawEvent")
    {
        // What is wrapped tells more than the wrapping.
        let seen = of_fields(raw);
        return if matches!(seen, Seen::Is(_) | Seen::Perhaps(_)) { Seen::Is(Name::SignalWire) } else { seen };
    }
    match word(fields, "event") {
        "connected" => return Seen::Perhaps(Name::Twilio),
        "start" => return of_start(fields),
        "websocket:connected" => return Seen::Is(Name::Vonage),
        "MEDIA_START" => return Seen::Is(Name::Asterisk),
        "info" | "sources" | "session-end" => return Seen::Is(Name::Jitsi),
        "media" | "dtmf" | "mark" => return Seen::Early,
        "stop" => return Seen::Stop,
        _ => {}
    }
    match word(fields, "eventType") {
        "start" if has("metadata") => return Seen::Is(Name::Bandwidth),
        "media" => return Seen::Early,
        "stop" => return Seen::Stop,
        _ => {}
    }
    if word(fields, "type") == "open" && text(fields, "version").as_deref() == Some("2") && has("parameters") {
        Seen::Is(Name::Genesys)
    } else if word(fields, "command") == "connect" && has("callId") && has("codec") {
        Seen::Is(Name::Sinch)
    } else if has("sampleRate") && has("callSid") && !has("event") && !has("type") {
        Seen::Is(Name::Jambonz)
    } else {
        Seen::Unknown
    }
}

fn of_start(fields: &Fields) -> Seen {
    let start = object(fields, "start");
    let inside = |name: &str| start.is_some_and(|start| start.contains_key(name));
    let outside = |name: &str| fields.contains_key(name);
    Seen::Is(if inside("streamSid") || (start.is_some() && outside("streamSid")) {
        if start.and_then(|start| text(start, "accountSid")).is_some_and(|account| reads_as_uuid(&account)) {
            Name::SignalWire
        } else {
            Name::Twilio
        }
    } else if inside("call_control_id") || (start.is_some() && outside("stream_id")) {
        Name::Telnyx
    } else if inside("stream_sid") || (start.is_some() && outside("stream_sid")) {
        Name::Exotel
    } else if inside("streamId") || outside("streamId") {
        Name::Plivo
    } else if start.is_none() && outside("stream_id") && outside("call_id") {
        Name::Wavix
    } else if inside("mediaFormat") {
        let format = start.and_then(|start| object(start, "mediaFormat"));
        let encoding = format.and_then(|format| format.get("encoding").and_then(Value::as_str)).unwrap_or_default();
        if encoding.to_ascii_lowercase().trim_start_matches("audio/") == "opus" {
            Name::Jitsi
        } else {
            Name::Voximplant
        }
    } else if start.is_some() {
        // Its start has no name, which its reader says.
        Name::Twilio
    } else {
        return Seen::Unknown;
    })
}

/// Whether an id is a UUID, as SignalWire's accounts are named; Twilio's begin with `AC`.
fn reads_as_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_told_apart_by_their_first_message() {
        for (message, expected) in [
            (r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#, "twilio"),
            (r#"{"event":"start","start":{"streamSid":"MZ1","callSid":"CA1"}}"#, "twilio"),
            (r#"{"event":"start","stream_id":"a","start":{"call_control_id":"v3:1"}}"#, "telnyx"),
            (r#"{"event":"start","stream_sid":"a","start":{"call_sid":"b"}}"#, "exotel"),
            (r#"{"event":"start","start":{"streamId":"a","callId":"b"}}"#, "plivo"),
            (r#"{"event":"start","streamId":"a","callId":"b"}"#, "plivo"),
            (r#"{"event":"start","stream_id":"a","call_id":"b","channel":"both"}"#, "wavix"),
            (r#"{"event":"start","start":{"mediaFormat":{"encoding":"ULAW"}}}"#, "voximplant"),
            (r#"{"event":"start","start":{"tag":"a","mediaFormat":{"encoding":"opus"}}}"#, "jitsi"),
            (r#"{"event":"info","application":"JVB"}"#, "jitsi"),
            (r#"{"event":"websocket:connected","content-type":"audio/l16;rate=16000"}"#, "vonage"),
            (r#"{"eventType":"start","metadata":{"callId":"c"}}"#, "bandwidth"),
            (r#"{"eventType":"start","rawEvent":{"event":"start","start":{"streamSid":"a"}}}"#, "signalwire"),
            (r#"{"version":"2","type":"open","parameters":{}}"#, "genesys"),
            (r#"{"sampleRate":8000,"mixType":"stereo","callSid":"a"}"#, "jambonz"),
            (r#"jambonz-session-record {"sampleRate":8000,"callSid":"a"}"#, "jambonz"),
            ("MEDIA_START connection_id:a format:ulaw", "asterisk"),
            (r#"{"event":"MEDIA_START","format":"ulaw"}"#, "asterisk"),
            (r#"{"command":"connect","callId":"a","codec":"PCM"}"#, "sinch"),
            (r#"{"event":"weather"}"#, "none"),
            (r#"{"event":"start"}"#, "none"),
            ("hello", "none"),
            ("[]", "none"),
        ] {
            assert_eq!(looks_like(message).map_or("none", Name::as_str), expected, "{message}");
        }
    }

    #[test]
    fn freeswitch_is_confirmed_by_the_url_or_the_subprotocol() {
        let of_url = |name: &str| Context::new([(name.to_owned(), "8000".to_owned())], String::new());
        for context in [of_url("sampleRate"), of_url("channels")] {
            assert_eq!(recognize(r#"{"campaign":"a"}"#, &context), Seen::Is(Name::FreeSwitch));
            assert_eq!(recognize(r#"{"event":"connected"}"#, &context), Seen::Perhaps(Name::Twilio));
        }
        let context = Context { subprotocol: Some("audio.drachtio.org"), ..Context::default() };
        assert_eq!(recognize("hello", &context), Seen::Is(Name::FreeSwitch));
        assert_eq!(recognize("hello", &Context::default()), Seen::Malformed);
    }
}
