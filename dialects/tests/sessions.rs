//! Recorded sessions of each platform, read as their expectations say: ids, parties, tracks, places, and every sample.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::{fs, path::Path};

use audio::{Encoding, number::wide};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use dialects::{AudioSocket, Context, Event, Format, Frame, Name, Start, Stream, Track};
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn sessions() -> Vec<String> {
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter_map(|name| Some(name.strip_suffix(".jsonl")?.to_owned())).collect();
    names.sort();
    names
}

fn lines(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder().join(format!("{name}.jsonl"))).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn expected(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(folder().join(format!("{name}.expected.json"))).unwrap()).unwrap()
}

fn context(expected: &Value) -> Context {
    let query = expected["connect"]["query"].as_object().cloned().unwrap_or_default();
    let query = query.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned()));
    let mut context = Context::new(query, "0190".to_owned());
    let offered = expected["connect"]["subprotocols"].as_array().cloned().unwrap_or_default();
    context.subprotocol =
        dialects::SUBPROTOCOLS.into_iter().find(|name| offered.iter().any(|offered| offered == *name));
    context
}

/// What a session says, with its answers compared.
#[derive(Default)]
struct Session {
    start: Option<Box<Start>>,
    name: Option<Name>,
    frames: Vec<Frame>,
    digits: Vec<String>,
    stopped: bool,
    ends_with_close: bool,
    skipped: Vec<&'static str>,
    refused: bool,
}

impl Session {
    fn take(&mut self, events: impl Iterator<Item = Event>, answers: &mut Vec<Value>) {
        for event in events {
            match event {
                Event::Start(start) => assert!(self.start.replace(start).is_none(), "it starts once"),
                Event::Frame(frame) => self.frames.push(frame),
                Event::Dtmf { digit, .. } => self.digits.push(digit),
                Event::Answer(text) => answers.push(serde_json::from_str(&text).unwrap()),
                Event::Stop => self.stopped = true,
                Event::Skipped(reason) => self.skipped.push(reason),
                Event::Refused { .. } => self.refused = true,
                Event::Mark { .. } | Event::Ignored | Event::Complaint => {}
            }
        }
    }

    fn read(name: &str, lines: &[Value], cut: usize) -> Self {
        let expected = expected(name);
        let (mut session, mut answers) = (Self::default(), Vec::new());
        let mut at_ms = 0;
        if expected["connect"]["tcp"] == true {
            let mut socket = AudioSocket::new(context(&expected));
            let bytes: Vec<u8> = lines.iter().flat_map(bytes_of).collect();
            for piece in bytes.chunks(cut) {
                socket.bytes(piece);
                session.take(socket.events(), &mut answers);
            }
            session.name = Some(Name::AudioSocket);
            return session;
        }
        let mut stream = Stream::new(context(&expected));
        for line in lines {
            at_ms += 20;
            match line["dir"].as_str().unwrap() {
                "in" if line.get("text").is_some() => {
                    let text = &line["text"];
                    stream.text(&text.as_str().map_or_else(|| text.to_string(), str::to_owned), at_ms);
                }
                "in" => {
                    for piece in bytes_of(line).chunks(cut) {
                        stream.binary(piece);
                    }
                }
                _ => {
                    let answer = answers.remove(0);
                    assert!(contains(&answer, &line["text"]), "{name}: {answer} instead of {}", line["text"]);
                }
            }
            session.take(stream.events(), &mut answers);
        }
        stream.finish();
        session.take(stream.events(), &mut answers);
        assert!(answers.is_empty(), "{name}: {answers:?}");
        session.name = stream.name();
        session.ends_with_close = stream.ends_with_close(1000);
        session
    }

    fn format(&self) -> Format {
        self.start.as_ref().unwrap().format.unwrap_or_default()
    }

    /// A track's samples, laid out by their places: silence where nothing is.
    fn samples(&self, track: Track, length: usize) -> Vec<i16> {
        let Format { encoding, sample_rate_hz } = self.format();
        let mut timeline = audio::Timeline::new(sample_rate_hz);
        let mut frames: Vec<_> = self.frames.iter().filter(|frame| frame.track == track).collect();
        frames.sort_by_key(|frame| (frame.timestamp_ms, frame.number));
        frames.dedup_by_key(|frame| frame.number);
        let mut samples = Vec::new();
        for frame in frames {
            let mut decoded = Vec::new();
            audio::decode_into(encoding, &frame.audio, &mut decoded).unwrap();
            let place = timeline.place(Some(frame.timestamp_ms), wide(decoded.len()));
            samples.resize(samples.len() + usize::try_from(place.silence).unwrap(), 0);
            samples.extend(&decoded[usize::try_from(place.skip).unwrap()..]);
        }
        samples.resize(length, 0);
        samples
    }
}

fn bytes_of(line: &Value) -> Vec<u8> {
    STANDARD.decode(line["binary"].as_str().unwrap_or_default()).unwrap()
}

/// Whether a value has at least what another has.
fn contains(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            expected.iter().all(|(name, value)| found.get(name).is_some_and(|found| contains(found, value)))
        }
        (found, expected) => found == expected,
    }
}

fn tracks(expected: &Value) -> Vec<(Track, Value)> {
    let tracks = [(Track::Inbound, "inbound"), (Track::Outbound, "outbound")];
    tracks.into_iter().filter_map(|(track, name)| Some((track, expected["tracks"].get(name)?.clone()))).collect()
}

fn check(name: &str, session: &Session) {
    let expected = expected(name);
    let start = session.start.as_ref().unwrap_or_else(|| panic!("{name} starts"));
    assert_eq!(start.dialect.as_str(), expected["dialect"], "{name}");
    assert_eq!(session.name, Some(start.dialect), "{name}");
    assert_eq!(
        (&start.stream_sid, start.call_sid.as_deref()),
        (&expected["streamSid"].as_str().unwrap().to_owned(), expected["callSid"].as_str()),
        "{name}"
    );
    assert_eq!(start.caller.as_deref().unwrap_or("unknown"), expected["caller"], "{name}");
    let direction = start.direction.map(|direction| format!("{direction:?}").to_lowercase());
    assert_eq!(direction.as_deref(), expected["direction"].as_str(), "{name}");
    assert!(contains(&Value::Object(start.custom_data.clone()), &expected["customData"]), "{name}");
    assert_eq!(Value::from(session.digits.clone()), expected["dtmf"], "{name}");
    assert_eq!(session.stopped, expected["end"] == "stop", "{name}");
    assert!(session.stopped || session.ends_with_close, "{name}");
    let heard = tracks(&expected);
    assert!(session.frames.iter().all(|frame| heard.iter().any(|(track, _)| *track == frame.track)), "{name}");
    for (track, of_track) in heard {
        if expected["match"] != "exact" {
            continue;
        }
        let length = usize::try_from(of_track["samples"].as_u64().unwrap()).unwrap();
        let bytes: Vec<u8> = session.samples(track, length).iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, of_track["sha256"], "{name} {track:?}");
    }
}

#[test]
fn each_session_is_recognized_and_read() {
    assert!(sessions().len() >= 15);
    for name in sessions() {
        let session = Session::read(&name, &lines(&name), usize::MAX);
        assert!(!session.refused && session.skipped.is_empty(), "{name}: {:?}", session.skipped);
        check(&name, &session);
    }
}

#[test]
fn compressed_codecs_sound_like_what_was_said() {
    for name in ["telnyx-g722", "jitsi"] {
        let (session, expected) = (Session::read(name, &lines(name), usize::MAX), expected(name));
        let rate = session.format().sample_rate_hz;
        assert_eq!(session.format().encoding, Encoding::Pcm16);
        for (track, of_track) in tracks(&expected) {
            let reference = STANDARD.decode(of_track["referenceMulaw8k"].as_str().unwrap()).unwrap();
            let reference = audio::mulaw_to_pcm16(&reference);
            let length = reference.len() * usize::try_from(rate / 8_000).unwrap();
            let heard = audio::resample(&session.samples(track, length), rate, 8_000);
            let best =
                (0..200).map(|shift| correlation(&heard[shift.min(heard.len())..], &reference)).fold(0.0, f64::max);
            assert!(best > 0.97, "{name} {track:?}: {best}");
        }
    }
}

fn correlation(first: &[i16], second: &[i16]) -> f64 {
    let pairs = first.iter().zip(second).map(|(first, second)| (f64::from(*first), f64::from(*second)));
    let (mut product, mut squares) = (0.0, (0.0, 0.0));
    for (first, second) in pairs {
        product += first * second;
        squares = (squares.0 + first * first, squares.1 + second * second);
    }
    product / (squares.0 * squares.1).sqrt().max(1.0)
}

#[test]
fn repeated_and_reordered_messages_change_nothing_where_they_are_numbered() {
    for name in ["signalwire", "telnyx", "plivo", "exotel", "voximplant"] {
        let mut lines = lines(name);
        let is_media = |line: &Value| line["text"]["event"] == "media";
        let first = lines.iter().position(is_media).unwrap();
        for index in (first..lines.len() - 3).step_by(7) {
            if is_media(&lines[index]) && is_media(&lines[index + 1]) {
                lines.swap(index, index + 1);
                let again = lines[index].clone();
                lines.insert(index + 3, again);
            }
        }
        check(name, &Session::read(name, &lines, usize::MAX));
    }
}

#[test]
fn audio_before_the_start_is_kept_until_it_comes() {
    for name in ["signalwire", "telnyx", "plivo", "exotel", "voximplant", "bandwidth"] {
        let mut lines = lines(name);
        let is_start = |line: &Value| line["text"]["event"] == "start" || line["text"]["eventType"] == "start";
        let start = lines.iter().position(is_start).unwrap();
        let begun = lines.remove(start);
        lines.insert(start + 5, begun);
        check(name, &Session::read(name, &lines, usize::MAX));
    }
}

#[test]
fn lost_messages_leave_silence_of_their_length() {
    for name in ["signalwire", "telnyx", "plivo", "voximplant"] {
        let mut lines = lines(name);
        let media: Vec<_> = (0..lines.len()).filter(|&index| lines[index]["text"]["event"] == "media").collect();
        lines.remove(media[40]);
        let (whole, holed) =
            (Session::read(name, &self::lines(name), usize::MAX), Session::read(name, &lines, usize::MAX));
        let lost: Vec<_> = whole.frames.iter().filter(|frame| !holed.frames.contains(frame)).collect();
        assert_eq!(lost.len(), 1, "{name}: the others keep their places");
    }
}

proptest! {
    #[test]
    fn how_binary_messages_are_cut_changes_nothing(cut in 1_usize..900) {
        for name in ["vonage", "jambonz", "freeswitch", "audiosocket", "genesys", "asterisk"] {
            check(name, &Session::read(name, &lines(name), cut));
        }
    }

    #[test]
    fn nothing_makes_a_reader_panic(seed in 0..16_usize, texts in prop::collection::vec(".{0,80}", 0..8), bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 1_usize..50) {
        let sessions = sessions();
        let name = &sessions[seed % sessions.len()];
        let lines = lines(name);
        let mut stream = Stream::new(context(&expected(name)));
        for (index, line) in lines.iter().take(12).enumerate() {
            if let Some(text) = line.get("text") {
                let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
                let at = text.char_indices().nth(cut * (index + 1)).map_or(text.len(), |(at, _)| at);
                stream.text(&text[..at], 0);
                stream.text(&text, 0);
            }
            stream.binary(&bytes);
            if let Some(text) = texts.get(index) {
                stream.text(text, 0);
            }
        }
        stream.finish();
        let mut socket = AudioSocket::new(Context::default());
        bytes.chunks(cut).for_each(|piece| socket.bytes(piece));
        socket.finish();
    }
}
