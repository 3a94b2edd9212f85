//! Vonage's WebSocket endpoint, its Audio Connector, and Infobip's: a text with the format and the endpoint's headers,
//! then binary PCM16.

use super::binary::Binary;
use crate::{
    Context, Name,
    codec::Spec,
    dialect::{Dialect, is_regular},
    fields::{Fields, parse, text, word},
    opening::Draft,
    output::Output,
};

/// The headers that name a call, the best first.
const CALL_IDS: [&str; 8] =
    ["call_uuid", "call-uuid", "uuid", "call_id", "call-id", "callId", "original_call_id", "conversation_uuid"];

/// A stream of Vonage.
pub(crate) struct Vonage {
    context: Context,
    audio: Option<Binary>,
}

impl Vonage {
    pub(crate) fn new(context: Context) -> Self {
        Self { context, audio: None }
    }

    fn start(&mut self, mut fields: Fields, out: &mut Output) {
        if self.audio.is_some() {
            return out.skip("second_start");
        }
        fields.remove("event");
        let encoding = text(&fields, "content-type");
        fields.remove("content-type");
        let call_name = CALL_IDS.into_iter().find(|name| text(&fields, name).is_some());
        let call_id = call_name.and_then(|name| text(&fields, name));
        if let Some(name) = call_name {
            fields.remove(name);
        }
        let stream_id = text(&fields, "streamSid");
        fields.remove("streamSid");
        let caller = text(&fields, "caller-id");
        if text(&fields, "caller").is_none() && text(&fields, "from").is_none() {
            fields.remove("caller-id");
        }
        let callee = text(&fields, "to");
        let draft = Draft { stream_id, call_id, caller, callee, direction: None, parameters: fields };
        let encoding = encoding.or_else(|| Some("l16;rate=16000".to_owned()));
        let spec = Spec { encoding, ..Spec::default() };
        self.audio = Binary::begin(Name::Vonage, &self.context, draft, spec, out);
    }
}

impl Dialect for Vonage {
    fn text(&mut self, message: &str, _: u64, out: &mut Output) {
        let Some(fields) = parse(message) else { return out.skip("malformed") };
        match word(&fields, "event") {
            "websocket:connected" => self.start(fields, out),
            "websocket:dtmf" => out.dtmf(None, text(&fields, "digit")),
            _ => out.ignore(),
        }
    }

    fn binary(&mut self, bytes: &[u8], out: &mut Output) {
        match &mut self.audio {
            Some(audio) => audio.message(bytes, out),
            None => out.skip("before_start"),
        }
    }

    fn ends_with_close(&self, code: u16) -> bool {
        is_regular(code)
    }
}
