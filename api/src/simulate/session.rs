//! A recorded session: how its stream opened, and its frames in the order in which they arrived. It is the same whatever
//! it is replayed over.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    ops::Range,
    path::Path,
};

use serde_json::{Map, Value};

use super::{
    SimulateError,
    message::{Media, Message, StartMessage, Track},
};

/// A recorded session.
#[derive(Debug)]
pub struct Session {
    /// How it opened.
    pub opening: Opening,
    frames: Vec<Frame>,
    /// All payloads behind each other: one piece of memory instead of one for each of fifty frames a second.
    payloads: String,
}

/// What is known of a call when its stream opens.
#[derive(Debug)]
pub struct Opening {
    /// The stream's name.
    pub stream_sid: String,
    /// The phone call's name.
    pub call_sid: Option<String>,
    /// Who called.
    pub caller: String,
    /// Who took the call.
    pub agent: Option<String>,
    /// What the payloads are: an encoding and samples a second.
    pub audio_format: Option<(&'static str, u32)>,
    /// The parameters that have no other place.
    pub custom_data: Map<String, Value>,
}

#[derive(Debug)]
struct Frame {
    track: Track,
    sequence: u64,
    timestamp_ms: u64,
    payload: Range<usize>,
}

/// A frame of audio, with its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audio<'a> {
    /// Whose voice it is.
    pub track: Track,
    /// Its number in the track.
    pub sequence: u64,
    /// Where in the stream it begins, in milliseconds.
    pub timestamp_ms: u64,
    /// The audio, in base64, as it was recorded.
    pub payload: &'a str,
}

impl Session {
    /// Reads a file.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged, or has no start.
    pub fn read(file: &Path) -> Result<Self, SimulateError> {
        let opened = File::open(file).map_err(|source| SimulateError::Unreadable { file: file.to_owned(), source })?;
        Self::parse(file, BufReader::new(opened))
    }

    /// Reads lines, which came from `file`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(file: &Path, mut lines: impl BufRead) -> Result<Self, SimulateError> {
        let mut reading = Reading::default();
        let mut bytes = Vec::new();
        for line in 1.. {
            bytes.clear();
            let read = lines.read_until(b'\n', &mut bytes);
            if read.map_err(|source| SimulateError::Unreadable { file: file.to_owned(), source })? == 0 {
                break;
            }
            let text = bytes.trim_ascii();
            if !text.is_empty() {
                let damaged = |reason| SimulateError::Damaged { file: file.to_owned(), line, reason };
                Message::read(text).and_then(|message| reading.take(message)).map_err(damaged)?;
            }
        }
        reading.session.ok_or_else(|| SimulateError::NoStart(file.to_owned()))
    }

    /// The frames, in the order in which they arrived.
    pub fn frames(&self) -> impl Iterator<Item = Audio<'_>> {
        self.frames.iter().map(|frame| Audio {
            track: frame.track,
            sequence: frame.sequence,
            timestamp_ms: frame.timestamp_ms,
            payload: &self.payloads[frame.payload.clone()],
        })
    }

    fn push(&mut self, media: &Media<'_>) {
        let begin = self.payloads.len();
        self.payloads.push_str(&media.payload);
        let payload = begin..self.payloads.len();
        let (track, sequence, timestamp_ms) = (media.track, media.chunk, media.timestamp);
        self.frames.push(Frame { track, sequence, timestamp_ms, payload });
    }
}

/// A session of which some lines have been read.
#[derive(Default)]
struct Reading {
    session: Option<Session>,
    stopped: bool,
}

impl Reading {
    fn take(&mut self, message: Message<'_>) -> Result<(), String> {
        match (message, &mut self.session) {
            (Message::Start(_), Some(_)) => return Err("a second start; a file holds one session".to_owned()),
            (Message::Start(start), session @ None) => {
                let opening = Opening::new(start)?;
                *session = Some(Session { opening, frames: Vec::new(), payloads: String::new() });
            }
            (Message::Media(_), None) => return Err("media before start".to_owned()),
            (Message::Media(_), Some(_)) if self.stopped => return Err("media after stop".to_owned()),
            (Message::Media(media), Some(session)) => session.push(&media),
            (Message::Stop, _) => self.stopped = true,
            (Message::Other, _) => {}
        }
        Ok(())
    }
}

impl Opening {
    fn new(StartMessage { stream_sid, start }: StartMessage) -> Result<Self, String> {
        let stream_sid = start.stream_sid.or(stream_sid).ok_or("a start without streamSid")?;
        let audio_format = start.media_format.map(|format| match format.encoding.as_str() {
            "audio/x-mulaw" => Ok(("mulaw", format.sample_rate)),
            "audio/x-alaw" => Ok(("alaw", format.sample_rate)),
            other => Err(format!("the media format {other} is not one that can be replayed")),
        });
        let mut custom_data = start.custom_parameters;
        let mut named = |name| match custom_data.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let (caller, from, agent) = (named("caller"), named("from"), named("agent"));
        let caller = caller.or(from).unwrap_or_else(|| "unknown".to_owned());
        let audio_format = audio_format.transpose()?;
        Ok(Self { stream_sid, call_sid: start.call_sid, caller, agent, audio_format, custom_data })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const START: &str = r#"{"event":"start","streamSid":"MZ1","start":{"callSid":"CA1",
        "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},
        "customParameters":{"from":"+1","agent":"ada","campaign":"spring"}}}"#;
    const MEDIA: &str =
        r#"{"event":"media","media":{"track":"inbound","chunk":"1","timestamp":"134","payload":"/w=="}}"#;

    fn parse(lines: &[&str]) -> Result<Session, SimulateError> {
        let text: String = lines.iter().map(|line| line.replace('\n', "") + "\n").collect();
        Session::parse(Path::new("call.jsonl"), text.as_bytes())
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
        let frame = Audio { track: Track::Inbound, sequence: 1, timestamp_ms: 134, payload: "/w==" };
        assert_eq!(session.frames().collect::<Vec<_>>(), [frame]);
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
        assert!(refused(&[START, MEDIA, "{"]).starts_with("call.jsonl, line 3: this is not JSON"));
        assert_eq!(refused(&["", MEDIA, START]), "call.jsonl, line 2: media before start.");
        assert_eq!(refused(&[START, r#"{"event":"stop"}"#, MEDIA]), "call.jsonl, line 3: media after stop.");
        assert!(refused(&[START, START]).starts_with("call.jsonl, line 2: a second start"));
        assert!(refused(&[r#"{"event":"connected"}"#]).starts_with("call.jsonl has no start message"));
        assert!(refused(&[r#"{"event":"start","start":{}}"#]).contains("line 1: a start without streamSid"));
        let opus = START.replace("audio/x-mulaw", "audio/opus");
        assert!(refused(&[&opus]).contains("audio/opus is not one that can be replayed"));
    }
}
