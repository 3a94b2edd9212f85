//! Wavix call streaming: Telnyx' media without a codec's name. Its timestamps may be samples, so frames are placed by
//! their numbers, each as long as the others.

use super::common::{begin, digit_of, take_media};
use crate::{
    Context, Name,
    codec::{Codec, Spec},
    dialect::Dialect,
    fields::text,
    message::Message,
    opening::Draft,
    output::{Output, Place},
};

/// A stream of Wavix.
pub(crate) struct Wavix {
    context: Context,
    codec: Option<Codec>,
}

impl Wavix {
    pub(crate) fn new(context: Context) -> Self {
        Self { context, codec: None }
    }
}

impl Dialect for Wavix {
    fn text(&mut self, message: &str, _: u64, out: &mut Output) {
        match Message::read(message) {
            Message::Media(media) => take_media(self.codec.as_mut(), &media, out, |audio, format| {
                let samples = audio::number::wide(audio.len() / format.encoding.bytes_per_sample());
                let place = |number: u64| Place::Samples(number.saturating_sub(1).saturating_mul(samples));
                media.number().map_or(Place::Follows, place)
            }),
            Message::Other(event, fields) => match event.as_str() {
                "start" if self.codec.is_some() => out.skip("second_start"),
                "start" => {
                    let draft = Draft {
                        stream_id: text(&fields, "stream_id"),
                        call_id: text(&fields, "call_id"),
                        caller: text(&fields, "from"),
                        callee: text(&fields, "to"),
                        direction: text(&fields, "direction"),
                        ..Draft::default()
                    };
                    let kind = Spec::default().read(&self.context, false);
                    self.codec = begin(Name::Wavix, &self.context, draft, kind, out);
                }
                "stop" => out.stop(),
                "dtmf" => out.dtmf(None, digit_of(&fields)),
                "connected" => {}
                _ => out.ignore(),
            },
            Message::Malformed => out.skip("malformed"),
        }
    }
}
