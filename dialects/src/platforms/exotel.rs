//! Exotel's Stream and Voicebot applets: PCM16 unless the format says mu-law, about 100 ms a message.

use super::common::{begin, digit_of, spec_of, stamped, take_media};
use crate::{
    Context, Name,
    codec::Codec,
    dialect::Dialect,
    fields::{Fields, object, object_or_text, text},
    message::Message,
    opening::Draft,
    output::Output,
};

/// A stream of Exotel.
pub(crate) struct Exotel {
    context: Context,
    codec: Option<Codec>,
}

impl Exotel {
    pub(crate) fn new(context: Context) -> Self {
        Self { context, codec: None }
    }

    fn start(&mut self, fields: &Fields, out: &mut Output) {
        if self.codec.is_some() {
            return out.skip("second_start");
        }
        let empty = Fields::new();
        let start = object(fields, "start").unwrap_or(&empty);
        let field = |name: &str| text(start, name).or_else(|| text(fields, name));
        let draft = Draft {
            stream_id: field("stream_sid"),
            call_id: field("call_sid"),
            caller: field("from"),
            callee: field("to"),
            direction: field("direction"),
            parameters: object_or_text(start, "custom_parameters").unwrap_or_default(),
        };
        let mut spec = spec_of(object(start, "media_format"));
        spec.encoding.get_or_insert_with(|| "l16".to_owned());
        self.codec = begin(Name::Exotel, &self.context, draft, spec.read(&self.context, false), out);
    }
}

impl Dialect for Exotel {
    fn text(&mut self, message: &str, _: u64, out: &mut Output) {
        match Message::read(message) {
            Message::Media(media) => take_media(self.codec.as_mut(), &media, out, |_, _| stamped(&media)),
            Message::Other(event, fields) => match event.as_str() {
                "start" => self.start(&fields, out),
                "stop" => out.stop(),
                "dtmf" => out.dtmf(None, digit_of(&fields)),
                "mark" => out.mark(object(&fields, "mark").and_then(|mark| text(mark, "name"))),
                "connected" => {}
                _ => out.ignore(),
            },
            Message::Malformed => out.skip("malformed"),
        }
    }
}
