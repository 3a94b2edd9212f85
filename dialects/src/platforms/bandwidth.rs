//! Bandwidth's `<StartStream>`: base64 beside the track's name, without timestamps.

use super::common::{begin, spec_of};
use crate::{
    Context, Name, Track,
    codec::{Codec, Repeats},
    dialect::Dialect,
    fields::{Fields, count, object, object_or_text, parse, text, word},
    message::track_of,
    opening::Draft,
    output::{Output, Place},
};

/// A stream of Bandwidth.
pub(crate) struct Bandwidth {
    context: Context,
    codec: Option<Codec>,
    /// The numbers of messages, which count both tracks, so that a hole says nothing about one of them.
    repeats: Repeats,
}

impl Bandwidth {
    pub(crate) fn new(context: Context) -> Self {
        Self { context, codec: None, repeats: Repeats::default() }
    }

    fn start(&mut self, fields: &Fields, out: &mut Output) {
        if self.codec.is_some() {
            return out.skip("second_start");
        }
        let empty = Fields::new();
        let metadata = object(fields, "metadata").unwrap_or(&empty);
        let draft = Draft {
            stream_id: text(metadata, "streamId"),
            call_id: text(metadata, "callId"),
            caller: text(metadata, "from"),
            callee: text(metadata, "to"),
            direction: text(metadata, "direction"),
            parameters: object_or_text(fields, "streamParams").unwrap_or_default(),
        };
        let first = metadata.get("tracks").and_then(|tracks| tracks.as_array()?.first()?.as_object());
        let spec = spec_of(first.and_then(|track| object(track, "mediaFormat")));
        self.codec = begin(Name::Bandwidth, &self.context, draft, spec.read(&self.context, false), out);
    }

    fn media(&mut self, fields: &Fields, out: &mut Output) {
        let Some(codec) = &mut self.codec else { return out.skip("before_start") };
        let track = match word(fields, "track") {
            "" => Track::Inbound,
            name => match track_of(name) {
                Some(track) => track,
                None => return out.skip("malformed"),
            },
        };
        if let Err(reason) = self.repeats.admit(count(fields, "sequenceNumber")) {
            return out.skip(reason);
        }
        let Ok(payload) = audio::decode_any_base64(word(fields, "payload")) else { return out.skip("bad_base64") };
        match codec.decode(track, None, payload) {
            Ok(audio) => out.frame(track, None, Place::Follows, audio),
            Err(reason) => out.skip(reason),
        }
    }
}

impl Dialect for Bandwidth {
    fn text(&mut self, message: &str, _: u64, out: &mut Output) {
        let Some(fields) = parse(message) else { return out.skip("malformed") };
        match word(&fields, "eventType") {
            "start" => self.start(&fields, out),
            "media" => self.media(&fields, out),
            "stop" => out.stop(),
            "" => out.skip("malformed"),
            _ => out.ignore(),
        }
    }
}
