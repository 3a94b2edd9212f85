//! Voximplant and Jitsi: several voices on one socket, told apart by a tag. Their timestamps count samples; Jitsi's
//! from one zero for all voices, Voximplant's from a number of each voice's own.

use super::common::spec_of;
use crate::{
    Context, Format, Name, Refusal, Track,
    codec::{Codec, Kind},
    dialect::{Dialect, is_regular},
    fields::{Fields, object, object_or_text, text},
    message::{Count, Media, MediaMessage, Message, Text},
    opening::Draft,
    output::{Output, Place},
};

/// How many frames of a voice are held until its first one is certain, since frames may arrive in any order.
const HELD: usize = 3;
/// A voice that starts this much later than the first one is placed later by as much.
const LATE_MS: u64 = 100;

/// A stream of voices.
pub(crate) struct Tagged {
    name: Name,
    context: Context,
    kind: Option<Kind>,
    codec: Option<Codec>,
    voices: Vec<Voice>,
    /// When the first voice started, by our clock.
    began_ms: u64,
}

struct Voice {
    tag: String,
    track: Track,
    /// How much later than the first voice it started.
    late_ms: u64,
    /// The number and timestamp of its beginning, once they are certain.
    first: Option<(u64, u64)>,
    held: Vec<Held>,
    /// The largest number that was handed out, and that before the latest start.
    last: u64,
    before: u64,
    stopped: bool,
}

struct Held {
    number: Option<u64>,
    timestamp: u64,
    payload: Vec<u8>,
}

impl Tagged {
    pub(crate) fn new(name: Name, context: Context) -> Self {
        Self { name, context, kind: None, codec: None, voices: Vec::new(), began_ms: 0 }
    }

    fn start(&mut self, fields: &Fields, at_ms: u64, out: &mut Output) {
        let empty = Fields::new();
        let start = object(fields, "start").unwrap_or(&empty);
        let tag = text(start, "tag").or_else(|| text(fields, "tag")).unwrap_or_default();
        let mut spec = spec_of(object(start, "mediaFormat"));
        let opus = spec.encoding.as_deref().is_some_and(|encoding| encoding.to_ascii_lowercase().ends_with("opus"));
        if opus {
            spec.channels = None;
        }
        let kind = match spec.read(&self.context, false) {
            Ok(kind) => kind,
            Err(came) => return out.refuse(Refusal::Format(came), None),
        };
        if self.kind.is_some_and(|first| first != kind) {
            return out.skip("other_format");
        }
        if self.kind.is_none() {
            let draft =
                Draft { parameters: object_or_text(start, "customParameters").unwrap_or_default(), ..Draft::default() };
            out.start(draft.named_by_parameters().finish(self.name, &self.context, Some(kind.format())));
            (self.kind, self.codec, self.began_ms) = (Some(kind), Some(Codec::new(kind)), at_ms);
        }
        let late = at_ms.saturating_sub(self.began_ms);
        let late_ms = if self.name == Name::Voximplant && late > LATE_MS { late } else { 0 };
        if let Some(voice) = self.voices.iter_mut().find(|voice| voice.tag == tag) {
            // It starts again after its stop, with counters of its own.
            voice.flush(self.name, self.codec.as_mut(), out);
            (voice.first, voice.late_ms, voice.before, voice.stopped) = (None, late_ms, voice.last, false);
            return;
        }
        let Some(track) = self.track_of(&tag) else { return out.skip("third_voice") };
        self.voices.push(Voice {
            tag,
            track,
            late_ms,
            first: None,
            held: Vec::new(),
            last: 0,
            before: 0,
            stopped: false,
        });
    }

    /// The track of a new voice; `None` if both are taken.
    fn track_of(&self, tag: &str) -> Option<Track> {
        let is_free = |track: &Track| self.voices.iter().all(|voice| voice.track != *track);
        let named = match tag.to_ascii_lowercase().as_str() {
            "inbound" | "caller" | "customer" => Some(Track::Inbound),
            "outbound" | "agent" => Some(Track::Outbound),
            _ => None,
        };
        named.into_iter().chain([Track::Inbound, Track::Outbound]).find(is_free)
    }

    fn media(&mut self, message: &MediaMessage<'_>, out: &mut Output) {
        let Media { tag, timestamp, .. } = &message.media;
        let tag = tag.as_ref().or(message.tag.as_ref()).map_or("", Text::as_str);
        let Some(voice) = self.voices.iter_mut().find(|voice| voice.tag == tag) else {
            return out.skip(if self.codec.is_some() { "other_stream" } else { "before_start" });
        };
        let Some(payload) = message.payload() else { return out.skip("bad_base64") };
        let Some(Count(timestamp)) = *timestamp else {
            let Some(codec) = &mut self.codec else { return };
            return match codec.decode(voice.track, message.number(), payload) {
                Ok(audio) => out.frame(voice.track, None, Place::Follows, audio),
                Err(reason) => out.skip(reason),
            };
        };
        let frame = Held { number: message.number(), timestamp, payload };
        if voice.first.is_some() {
            return voice.emit(self.name, frame, self.codec.as_mut(), out);
        }
        voice.held.push(frame);
        if voice.held.len() >= HELD {
            voice.flush(self.name, self.codec.as_mut(), out);
        }
    }
}

impl Voice {
    /// Decides where the voice begins, and hands out its first frames.
    fn flush(&mut self, name: Name, mut codec: Option<&mut Codec>, out: &mut Output) {
        let mut held = std::mem::take(&mut self.held);
        held.sort_by_key(|frame| frame.timestamp);
        if let Some(first) = held.first() {
            self.first = Some((first.number.unwrap_or(0), first.timestamp));
        }
        for frame in held {
            self.emit(name, frame, codec.as_deref_mut(), out);
        }
    }

    fn emit(&mut self, name: Name, frame: Held, codec: Option<&mut Codec>, out: &mut Output) {
        let (Some(codec), Some((first_number, first_timestamp))) = (codec, self.first) else { return };
        let audio = match codec.decode(self.track, frame.number, frame.payload) {
            Ok(audio) => audio,
            Err(reason) => return out.skip(reason),
        };
        // Counters from 1 on each socket, so that a socket that comes back is seen to begin again.
        let number = match frame.number {
            Some(number) if number >= first_number => (number - first_number).saturating_add(1 + self.before),
            Some(_) => return out.skip("before_start"),
            None => self.last + 1,
        };
        self.last = self.last.max(number);
        let Format { sample_rate_hz, .. } = codec.format();
        let from = if name == Name::Jitsi { 0 } else { first_timestamp };
        let samples = frame.timestamp.saturating_sub(from);
        let late = self.late_ms.saturating_mul(u64::from(sample_rate_hz)) / 1000;
        out.frame(self.track, Some(number), Place::Samples(samples.saturating_add(late)), audio);
    }
}

impl Dialect for Tagged {
    fn text(&mut self, message: &str, at_ms: u64, out: &mut Output) {
        match Message::read(message) {
            Message::Media(message) => self.media(&message, out),
            Message::Other(event, fields) => match event.as_str() {
                "start" => self.start(&fields, at_ms, out),
                // The socket's close ends the call: after a stop another start may follow.
                "stop" => {
                    self.finish(out);
                    let stop = object(&fields, "stop").and_then(|stop| text(stop, "tag"));
                    let tag = stop.or_else(|| text(&fields, "tag")).unwrap_or_default();
                    for voice in self.voices.iter_mut().filter(|voice| voice.tag == tag) {
                        voice.stopped = true;
                    }
                }
                "ping" => {
                    let mut answer = Fields::new();
                    answer.insert("event".to_owned(), "pong".into());
                    answer.extend(fields.get("id").map(|id| ("id".to_owned(), id.clone())));
                    out.answer(serde_json::Value::Object(answer).to_string());
                }
                _ => out.ignore(),
            },
            Message::Malformed => out.skip("malformed"),
        }
    }

    fn finish(&mut self, out: &mut Output) {
        let mut codec = self.codec.take();
        for voice in &mut self.voices {
            voice.flush(self.name, codec.as_mut(), out);
        }
        self.codec = codec;
    }

    fn ends_with_close(&self, code: u16) -> bool {
        is_regular(code) || (!self.voices.is_empty() && self.voices.iter().all(|voice| voice.stopped))
    }
}
