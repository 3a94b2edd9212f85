//! Telnyx media streaming: frames in any order, payloads of RTP.

use super::common::{begin, digit_of, spec_of, stamped, take_media};
use crate::{
    Context, Name, Refusal,
    codec::Codec,
    dialect::Dialect,
    fields::{object, object_or_text, text},
    message::{Message, Text, stream_of},
    opening::{Draft, is_id},
    output::Output,
};

/// A stream of Telnyx.
pub(crate) struct Telnyx {
    context: Context,
    stream: Option<String>,
    codec: Option<Codec>,
    begun: bool,
}

impl Telnyx {
    pub(crate) fn new(context: Context) -> Self {
        Self { context, stream: None, codec: None, begun: false }
    }

    fn start(&mut self, fields: &crate::fields::Fields, out: &mut Output) {
        if std::mem::replace(&mut self.begun, true) {
            return out.skip("second_start");
        }
        let Some(start) = object(fields, "start") else { return out.skip("malformed") };
        let stream_id = stream_of(fields).or_else(|| text(start, "stream_id"));
        if stream_id.as_deref().is_some_and(|name| !is_id(name)) {
            return out.refuse(Refusal::NoName, None);
        }
        self.stream.clone_from(&stream_id);
        let parameters = object_or_text(start, "custom_parameters").unwrap_or_default();
        let draft = Draft {
            stream_id,
            call_id: text(start, "call_control_id"),
            caller: text(start, "from"),
            parameters,
            ..Draft::default()
        };
        let mut spec = spec_of(object(start, "media_format"));
        let codec = spec.encoding.as_deref().unwrap_or_default().to_ascii_lowercase();
        // In RTP, Opus always has two channels, whatever it carries.
        if codec.ends_with("opus") {
            spec.channels = None;
        }
        // RTP's L16 is big-endian (RFC 3551).
        self.codec = begin(Name::Telnyx, &self.context, draft, spec.read(&self.context, true), out);
    }
}

impl Dialect for Telnyx {
    fn text(&mut self, message: &str, _: u64, out: &mut Output) {
        let foreign = |named: Option<&str>, stream: &Option<String>| {
            named.is_some_and(|named| stream.as_deref().is_some_and(|stream| stream != named))
        };
        match Message::read(message) {
            Message::Media(media) => {
                if foreign(media.stream.as_ref().map(Text::as_str), &self.stream) {
                    return out.skip("other_stream");
                }
                take_media(self.codec.as_mut(), &media, out, |_, _| stamped(&media));
            }
            Message::Other(event, fields) => match event.as_str() {
                "start" => self.start(&fields, out),
                "dtmf" | "stop" | "mark" if foreign(stream_of(&fields).as_deref(), &self.stream) => {
                    out.skip("other_stream");
                }
                "stop" => out.stop(),
                "dtmf" => out.dtmf(None, digit_of(&fields)),
                "mark" => out.mark(object(&fields, "mark").and_then(|mark| text(mark, "name"))),
                "error" => out.complain(),
                "connected" => {}
                _ => out.ignore(),
            },
            Message::Malformed => out.skip("malformed"),
        }
    }
}
