//! A recorded session: the `start` message, and the messages that followed. It does not depend on the transport that
//! replays it.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    ops::Range,
    path::Path,
    time::Duration,
};

use bytes::BytesMut;
use serde_json::{Value, json};

use crate::{
    error::SimulateError,
    frame::Frame,
    message::{Media, Message},
    names::Names,
    opening::Opening,
};

/// A recorded session.
#[derive(Debug)]
pub(crate) struct RecordedSession {
    /// The properties of the stream.
    pub opening: Opening,
    /// The messages between `start` and `stop`.
    items: Vec<Item>,
    /// The messages up to and including `start`, as ranges of `messages`.
    preamble: Vec<Range<usize>>,
    /// The `stop` message, if one was recorded.
    stop: Option<Range<usize>>,
    /// The text of all messages, concatenated. Two large strings replace two small ones for each of fifty frames a
    /// second.
    messages: String,
    /// The base64 of all frames, concatenated.
    payloads: String,
}

#[derive(Debug)]
struct Item {
    due: Duration,
    message: Range<usize>,
    frame: Option<Frame>,
    /// The range of `payloads` that holds the frame's base64, escaped as in JSON.
    payload: Range<usize>,
}

impl RecordedSession {
    /// Reads a session from a file.
    ///
    /// # Errors
    /// When the file is unreadable or invalid, or has no `start` message.
    pub(crate) fn read(file: &Path) -> Result<Self, SimulateError> {
        let opened = File::open(file).map_err(|source| SimulateError::Unreadable { file: file.to_owned(), source })?;
        Self::parse(file, BufReader::new(opened))
    }

    /// Reads a session line by line. `file` is used in error messages.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn parse(file: &Path, mut lines: impl BufRead) -> Result<Self, SimulateError> {
        let mut reading = Reading::default();
        let mut bytes = Vec::new();
        for line in 1.. {
            bytes.clear();
            let read = lines.read_until(b'\n', &mut bytes);
            if read.map_err(|source| SimulateError::Unreadable { file: file.to_owned(), source })? == 0 {
                break;
            }
            let line_bytes = bytes.trim_ascii();
            if !line_bytes.is_empty() {
                let damaged = |reason| SimulateError::Damaged { file: file.to_owned(), line, reason };
                let text =
                    str::from_utf8(line_bytes).map_err(|_| damaged("this is not JSON: it is not UTF-8".to_owned()))?;
                Message::read(line_bytes).and_then(|message| reading.take(message, text)).map_err(damaged)?;
            }
        }
        reading.session.ok_or_else(|| SimulateError::NoStart(file.to_owned()))
    }

    /// The number of messages between `start` and `stop`.
    pub(crate) fn items(&self) -> usize {
        self.items.len()
    }

    /// When a message arrived, relative to the first frame. Times never decrease.
    pub(crate) fn due(&self, item: usize) -> Duration {
        self.items.get(item).map_or(Duration::ZERO, |item| item.due)
    }

    /// The frame of a message; `None` for messages without audio.
    pub(crate) fn frame(&self, item: usize) -> Option<Frame> {
        self.items.get(item)?.frame
    }

    /// The frames in the order of arrival.
    pub(crate) fn frames(&self) -> impl Iterator<Item = Frame> {
        self.items.iter().filter_map(|item| item.frame)
    }

    /// A frame's base64, escaped as in JSON.
    pub(crate) fn payload(&self, item: usize) -> &str {
        self.items.get(item).map_or("", |item| &self.payloads[item.payload.clone()])
    }

    /// Writes a recorded message, with the identifiers replaced.
    pub(crate) fn write_message(&self, item: usize, names: &Names, out: &mut BytesMut) {
        if let Some(item) = self.items.get(item) {
            out.extend_from_slice(self.renamed(&item.message, names).as_bytes());
        }
    }

    /// The recorded messages up to `start`, with the identifiers replaced.
    pub(crate) fn preamble(&self, names: &Names) -> Vec<String> {
        self.preamble.iter().map(|message| self.renamed(message, names)).collect()
    }

    /// The recorded `stop` message with the identifiers replaced, or a new one if none was recorded.
    pub(crate) fn stop(&self, names: &Names) -> String {
        self.stop.as_ref().map_or_else(
            || json!({ "event": "stop", "streamSid": names.stream_sid, "stop": {} }).to_string(),
            |stop| self.renamed(stop, names),
        )
    }

    fn renamed(&self, message: &Range<usize>, names: &Names) -> String {
        let message = &self.messages[message.clone()];
        let rename = |message: &str, old: &str, new: &str| {
            if old == new { message.to_owned() } else { message.replace(&format!("\"{old}\""), &format!("\"{new}\"")) }
        };
        let message = rename(message, &self.opening.stream_sid, &names.stream_sid);
        match (&self.opening.call_sid, &names.call_sid) {
            (Some(old), Some(new)) => rename(&message, old, new),
            _ => message,
        }
    }

    fn keep(&mut self, message: &str) -> Range<usize> {
        let begin = self.messages.len();
        self.messages.push_str(message);
        begin..self.messages.len()
    }

    /// Appends a message, and its frame if it has one. A message without a frame is due with the message before it.
    fn push(&mut self, text: &str, media: Option<&Media<'_>>) {
        let (begin, message) = (self.payloads.len(), self.keep(text));
        let latest = self.items.last().map_or(Duration::ZERO, |item| item.due);
        let Some(media) = media else {
            return self.items.push(Item { due: latest, message, frame: None, payload: begin..begin });
        };
        let first_ms = self.frames().map(|frame| frame.timestamp_ms).next().unwrap_or(media.timestamp);
        let due = Duration::from_millis(u64::from(media.timestamp.saturating_sub(first_ms))).max(latest);
        let quoted = Value::from(&*media.payload).to_string();
        self.payloads.push_str(quoted.trim_matches('"'));
        let bytes = u32::try_from(media.payload.trim_end_matches('=').len() * 3 / 4).unwrap_or(u32::MAX);
        let frame = Frame { track: media.track, sequence: media.chunk, timestamp_ms: media.timestamp, bytes };
        self.items.push(Item { due, message, frame: Some(frame), payload: begin..self.payloads.len() });
    }
}

/// A session that is being read.
#[derive(Default)]
struct Reading {
    session: Option<RecordedSession>,
    before: Vec<String>,
    stopped: bool,
}

impl Reading {
    fn take(&mut self, message: Message<'_>, text: &str) -> Result<(), String> {
        match (message, &mut self.session) {
            (Message::Start(_), Some(_)) => return Err("a second start message; a file holds one session".to_owned()),
            (Message::Start(start), session @ None) => {
                let opening = Opening::new(start)?;
                let mut started = RecordedSession {
                    opening,
                    items: Vec::new(),
                    preamble: Vec::new(),
                    stop: None,
                    messages: String::new(),
                    payloads: String::new(),
                };
                self.before.push(text.to_owned());
                started.preamble = self.before.iter().map(|message| started.keep(message)).collect();
                *session = Some(started);
            }
            (Message::Media(_), None) => return Err("a media message before the start message".to_owned()),
            (Message::Media(_), Some(_)) if self.stopped => {
                return Err("a media message after the stop message".to_owned());
            }
            (Message::Media(media), Some(session)) => session.push(text, Some(&media)),
            (Message::Stop, session) => {
                if let (Some(session), false) = (session, self.stopped) {
                    session.stop = Some(session.keep(text));
                }
                self.stopped = true;
            }
            (Message::Other, None) => self.before.push(text.to_owned()),
            (Message::Other, Some(session)) if !self.stopped => session.push(text, None),
            (Message::Other, Some(_)) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::frame::Track;

    const START: &str = r#"{"event":"start","streamSid":"MZ1","start":{"callSid":"CA1",
        "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},
        "customParameters":{"from":"+1","agent":"ada","campaign":"spring"}}}"#;
    const MEDIA: &str =
        r#"{"event":"media","media":{"track":"inbound","chunk":"1","timestamp":"134","payload":"/w=="}}"#;

    fn parse(lines: &[&str]) -> Result<RecordedSession, SimulateError> {
        let text: String = lines.iter().map(|line| line.replace('\n', "") + "\n").collect();
        RecordedSession::parse(Path::new("call.jsonl"), text.as_bytes())
    }

    fn refused(lines: &[&str]) -> String {
        parse(lines).unwrap_err().to_string()
    }

    #[test]
    fn a_session_is_its_opening_and_its_frames() {
        let mark = r#"{"event":"mark","mark":{"name":"greeting"}}"#;
        let session = parse(&[r#"{"event":"connected"}"#, START, MEDIA, "", mark, r#"{"event":"stop"}"#]).unwrap();
        let opening = &session.opening;
        assert_eq!((&*opening.stream_sid, opening.call_sid.as_deref()), ("MZ1", Some("CA1")));
        assert_eq!((&*opening.caller, opening.agent.as_deref()), ("+1", Some("ada")));
        assert_eq!(opening.audio_format, Some(("mulaw", 8_000)));
        assert_eq!(Value::Object(opening.custom_data.clone()), serde_json::json!({ "campaign": "spring" }));
        let frame = Frame { track: Track::Inbound, sequence: 1, timestamp_ms: 134, bytes: 1 };
        assert_eq!(session.frames().collect::<Vec<_>>(), [frame]);
        assert_eq!((session.items(), session.frame(1), session.payload(0)), (2, None, "/w=="));
        let names = Names { stream_sid: "MZ2".to_owned(), call_sid: Some("CA2".to_owned()) };
        let preamble = session.preamble(&names);
        assert_eq!(preamble[0], r#"{"event":"connected"}"#);
        assert!(preamble[1].contains(r#""streamSid":"MZ2","start":{"callSid":"CA2""#), "{}", preamble[1]);
        assert_eq!(session.stop(&names), r#"{"event":"stop"}"#);
        let mut written = BytesMut::new();
        session.write_message(1, &names, &mut written);
        assert_eq!(written, mark);
    }

    #[test]
    fn a_session_without_a_stop_is_given_one() {
        let session = parse(&[START]).unwrap();
        let stop: Value = serde_json::from_str(&session.stop(&Names::own(&session.opening))).unwrap();
        assert_eq!((&stop["event"], &stop["streamSid"]), (&json!("stop"), &json!("MZ1")));
    }

    #[test]
    fn the_caller_is_unknown_unless_a_parameter_says_who_it_is() {
        let session = parse(&[r#"{"event":"start","start":{"streamSid":"MZ1"}}"#]).unwrap();
        assert_eq!((&*session.opening.caller, session.opening.audio_format), ("unknown", None));
        let both = r#"{"event":"start","start":{"streamSid":"MZ1","customParameters":{"from":"+1","caller":"+2"}}}"#;
        let session = parse(&[both]).unwrap();
        assert_eq!((&*session.opening.caller, session.opening.custom_data.len()), ("+2", 0));
    }

    #[test]
    fn a_damaged_line_is_named() {
        assert!(refused(&[START, MEDIA, "{"]).contains("/call.jsonl, line 3: this is not JSON"));
        assert!(
            refused(&["", MEDIA, START]).ends_with("/call.jsonl, line 2: a media message before the start message.")
        );
        let late = refused(&[START, r#"{"event":"stop"}"#, MEDIA]);
        assert!(late.ends_with("/call.jsonl, line 3: a media message after the stop message."));
        assert!(refused(&[START, START]).contains("/call.jsonl, line 2: a second start"));
        assert!(refused(&[r#"{"event":"connected"}"#]).contains("/call.jsonl has no start message"));
        assert!(refused(&[r#"{"event":"start","start":{}}"#]).contains("line 1: a start message without streamSid"));
        let opus = START.replace("audio/x-mulaw", "audio/opus");
        assert!(refused(&[&opus]).contains("audio/opus cannot be replayed"));
    }
}
