//! Wavix call streaming: Telnyx' media without a codec's name. Its timestamps may be samples, so frames are placed by
//! their numbers, each as long as the others.

use super::common::{begin, digit_of};
use crate::{
    Context, Name, Track,
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
            Message::Media(media) => {
                let Some(codec) = &mut self.codec else { return out.skip("before_start") };
                let Some(payload) = media.payload() else { return out.skip("bad_base64") };
                let track = media.media.track.unwrap_or(Track::Inbound);
                match codec.decode(track, media.number(), payload) {
                    Ok(audio) => {
                        let samples = audio::number::wide(audio.len() / codec.format().encoding.bytes_per_sample());
                        let place = media.number().map_or(Place::Follows, |number| {
                            Place::Samples(number.saturating_sub(1).saturating_mul(samples))
                        });
                        out.frame(track, media.number(), place, audio);
                    }
                    Err(reason) => out.skip(reason),
                }
            }
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
