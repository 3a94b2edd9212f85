//! Where a dialect puts what it has understood, and how frames get their numbers and places.

use crate::{Event, Format, Frame, Refusal, Start, Track, fields::cut, opening::is_id};

/// The maximum length of a DTMF digit and of a mark's name, in characters. Longer ones are cut.
const DIGIT_MAX: usize = 16;
const NAME_MAX: usize = 256;

/// Where a frame begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Milliseconds since the start of the stream.
    Milliseconds(u64),
    /// Milliseconds since the start of the stream, which was at this time of the platform's clock.
    Epoch { since_ms: u64, base_ms: u64 },
    /// Samples since the start of the stream, at the format's rate.
    Samples(u64),
    /// Where the audio before it ends.
    Follows,
}

/// What is known of a track's audio so far.
#[derive(Clone, Copy, Debug, Default)]
struct Reach {
    /// The largest number so far.
    number: u32,
    /// The end of its audio, in samples.
    end: u64,
}

/// Collects the events of a stream.
#[derive(Default)]
pub(crate) struct Output {
    pub(crate) events: Vec<Event>,
    format: Format,
    started: bool,
    tracks: [Reach; 2],
}

impl Output {
    /// Notes the start, whose format places the frames after it.
    pub(crate) fn start(&mut self, start: Start) {
        self.format = start.format.unwrap_or_default();
        self.started = true;
        self.events.push(Event::Start(Box::new(start)));
    }

    /// Whether the stream has started.
    pub(crate) fn has_started(&self) -> bool {
        self.started
    }

    /// Places a frame on its track. Without a number it is the next one.
    pub(crate) fn frame(&mut self, track: Track, number: Option<u64>, place: Place, audio: Vec<u8>) {
        let rate = u64::from(self.format.sample_rate_hz);
        let reach = &mut self.tracks[track.index()];
        let number = match number {
            Some(number) => u32::try_from(number).unwrap_or(u32::MAX),
            None => reach.number.saturating_add(1),
        };
        let (begin, milliseconds) = match place {
            Place::Milliseconds(at) | Place::Epoch { since_ms: at, .. } => (at.saturating_mul(rate) / 1000, at),
            Place::Samples(at) => (at, at.saturating_mul(1000) / rate),
            Place::Follows => (reach.end, reach.end.saturating_mul(1000) / rate),
        };
        let epoch_ms = match place {
            Place::Epoch { base_ms, .. } => Some(base_ms),
            Place::Milliseconds(_) | Place::Samples(_) | Place::Follows => None,
        };
        let samples = audio::number::wide(audio.len() / self.format.encoding.bytes_per_sample());
        reach.number = reach.number.max(number);
        reach.end = reach.end.max(begin.saturating_add(samples));
        let timestamp_ms = u32::try_from(milliseconds).unwrap_or(u32::MAX);
        self.events.push(Event::Frame(Frame { track, number, timestamp_ms, epoch_ms, audio }));
    }

    /// A pressed key.
    pub(crate) fn dtmf(&mut self, track: Option<Track>, digit: Option<String>) {
        match digit {
            Some(digit) => self.events.push(Event::Dtmf { track, digit: cut(&digit, DIGIT_MAX) }),
            None => self.skip("malformed"),
        }
    }

    /// A mark.
    pub(crate) fn mark(&mut self, name: Option<String>) {
        match name {
            Some(name) => self.events.push(Event::Mark { name: cut(&name, NAME_MAX) }),
            None => self.skip("malformed"),
        }
    }

    /// A text for the platform.
    pub(crate) fn answer(&mut self, text: String) {
        self.events.push(Event::Answer(text));
    }

    /// The end of the stream.
    pub(crate) fn stop(&mut self) {
        self.events.push(Event::Stop);
    }

    /// A message that cannot be used.
    pub(crate) fn skip(&mut self, reason: &'static str) {
        self.events.push(Event::Skipped(reason));
    }

    /// An error that the platform reports.
    pub(crate) fn complain(&mut self) {
        self.events.push(Event::Complaint);
    }

    /// A message that needs no reaction.
    pub(crate) fn ignore(&mut self) {
        self.events.push(Event::Ignored);
    }

    /// A stream that cannot be taken.
    pub(crate) fn refuse(&mut self, refusal: Refusal, stream_sid: Option<String>) {
        let stream_sid = stream_sid.filter(|name| is_id(name));
        self.events.push(Event::Refused { refusal, stream_sid });
    }
}
