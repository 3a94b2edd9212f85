//! Twilio Media Streams, SignalWire's and Fonoster's. SignalWire may wrap each message in `rawEvent`.

use serde_json::Value;

use super::common::{begin, digit_of, spec_of, stamped, take_media};
use crate::{
    Context, Format, Name, Refusal,
    codec::{Codec, Kind},
    dialect::Dialect,
    fields::{Fields, object, object_or_text, text, word},
    message::{MediaMessage, Message, Text, stream_of, track_of},
    opening::{Draft, is_id},
    output::Output,
};

/// A stream of Twilio's kind.
pub(crate) struct Twilio {
    name: Name,
    context: Context,
    /// The stream's id; messages of other streams are skipped.
    stream: Option<String>,
    codec: Option<Codec>,
    /// Whether a start was refused or taken.
    begun: bool,
}

impl Twilio {
    pub(crate) fn new(name: Name, context: Context) -> Self {
        Self { name, context, stream: None, codec: None, begun: false }
    }

    fn start(&mut self, fields: &Fields, out: &mut Output) {
        if std::mem::replace(&mut self.begun, true) {
            return out.skip("second_start");
        }
        let Some(start) = object(fields, "start") else { return out.skip("malformed") };
        let stream_id = stream_of(fields).or_else(|| text(start, "streamSid"));
        let Some(stream_id) = stream_id.filter(|name| is_id(name)) else {
            return out.refuse(Refusal::NoName, None);
        };
        let draft = Draft {
            stream_id: Some(stream_id.clone()),
            call_id: text(start, "callSid").or_else(|| text(fields, "callSid")),
            caller: text(start, "from"),
            parameters: object_or_text(start, "customParameters").unwrap_or_default(),
            ..Draft::default()
        };
        match object(start, "mediaFormat") {
            Some(format) => {
                let mut spec = spec_of(Some(format));
                // Two channels are two tracks, and each message has one of them.
                spec.channels = spec.channels.filter(|channels| *channels > 2);
                self.codec = begin(self.name, &self.context, draft, spec.read(&self.context, false), out);
            }
            None => {
                out.start(draft.finish(self.name, &self.context, None));
                self.codec = Some(Codec::new(Kind::Plain(Format::default())));
            }
        }
        self.stream = Some(stream_id);
    }

    /// Whether a message names another stream.
    fn is_foreign(&self, named: Option<&str>) -> bool {
        named.is_some_and(|named| self.stream.as_deref() != Some(named))
    }

    fn media(&mut self, message: &MediaMessage<'_>, out: &mut Output) {
        if self.codec.is_some() && self.is_foreign(message.stream.as_ref().map(Text::as_str)) {
            return out.skip("other_stream");
        }
        take_media(self.codec.as_mut(), message, out, |_, _| stamped(message));
    }

    fn other(&mut self, event: &str, fields: &Fields, out: &mut Output) {
        match event {
            "connected" => {}
            "start" => self.start(fields, out),
            "dtmf" | "mark" | "stop" => {
                let before_start = self.codec.is_none();
                if !before_start && self.is_foreign(stream_of(fields).as_deref()) {
                    return out.skip("other_stream");
                }
                match event {
                    "stop" => out.stop(),
                    _ if before_start => out.skip("before_start"),
                    "dtmf" => {
                        let track = object(fields, "dtmf").and_then(|dtmf| track_of(word(dtmf, "track")));
                        out.dtmf(track, digit_of(fields));
                    }
                    _ => out.mark(object(fields, "mark").and_then(|mark| text(mark, "name"))),
                }
            }
            _ => out.ignore(),
        }
    }

    /// Unwraps a message of SignalWire's, whose ids stand outside.
    fn wrapped(&mut self, mut fields: Fields, at_ms: u64, out: &mut Output) {
        let Some(Value::Object(mut raw)) = fields.remove("rawEvent") else { return out.skip("malformed") };
        for name in ["streamSid", "callSid", "sequenceNumber"] {
            if let Some(value) = fields.remove(name) {
                raw.entry(name).or_insert(value);
            }
        }
        // The object is not wrapped again, so this goes no deeper.
        raw.remove("rawEvent");
        let inner = Value::Object(raw).to_string();
        self.text(&inner, at_ms, out);
    }
}

impl Dialect for Twilio {
    fn text(&mut self, text: &str, at_ms: u64, out: &mut Output) {
        match Message::read(text) {
            Message::Media(message) => self.media(&message, out),
            Message::Other(event, fields) => self.other(&event, &fields, out),
            Message::Malformed => match crate::fields::parse(text) {
                Some(fields) if fields.contains_key("rawEvent") => self.wrapped(fields, at_ms, out),
                _ => out.skip("malformed"),
            },
        }
    }
}
