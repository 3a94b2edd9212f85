//! What comes over WebSockets: frames, and the messages in them.

use bytes::Bytes;
use dialects::{AudioSocket, CALLER_MAX, Context, Event, Stream};
use serde_json::{Value, json};
use service::CallRef;

use crate::{
    carriers::opening::opening,
    extract::json::find_nul,
    socket::decoder::{Decoder, Fault, Message as Frame},
    stream::frame::{HEADER_BYTES, Incoming},
};

/// What is kept of a platform's stream is short and clean, whatever its messages. The first byte is the handshake, the
/// lines after it are messages: binary ones where they are not UTF-8.
pub fn platform_stream(bytes: &[u8]) {
    let Some((&handshake, messages)) = bytes.split_first() else { return };
    let query = [("sampleRate", "8000"), ("channels", "2"), ("callSid", "CA1")];
    let given = query.into_iter().enumerate().filter(|(index, _)| handshake >> index & 1 != 0).map(|(_, given)| given);
    let query = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut stream = Stream::new(Context::new(query, "0190".to_owned()));
    let mut started = false;
    for (at_ms, message) in (0..).zip(messages.split(|&byte| byte == b'\n')) {
        match str::from_utf8(message) {
            Ok(text) => stream.text(text, at_ms),
            Err(_) => stream.binary(message),
        }
        check(stream.events(), &mut started);
    }
    stream.finish();
    check(stream.events(), &mut started);
}

/// The events of an AudioSocket connection are the same however its bytes are cut. The first byte is the cut.
pub fn audiosocket(bytes: &[u8]) {
    let Some((&step, bytes)) = bytes.split_first() else { return };
    let read = |step: usize| {
        let (mut socket, mut started) = (AudioSocket::new(Context::default()), false);
        bytes.chunks(step).for_each(|piece| socket.bytes(piece));
        socket.finish();
        let all: Vec<_> = socket.events().collect();
        let frames: Vec<_> = all
            .iter()
            .filter_map(|event| if let Event::Frame(frame) = event { Some(frame.clone()) } else { None })
            .collect();
        let count = all.len();
        check(all.into_iter(), &mut started);
        (count, frames)
    };
    assert_eq!(read(usize::from(step) + 1), read(bytes.len().max(1)));
}

fn check(events: impl Iterator<Item = Event>, started: &mut bool) {
    for event in events {
        match event {
            Event::Start(start) => {
                assert!(!std::mem::replace(started, true), "a stream starts once");
                let (stream, _) = opening(*start);
                assert!(CallRef::parse(&stream.stream_sid).is_some());
                assert!(stream.call_sid.is_none_or(|name| CallRef::parse(&name).is_some()));
                let caller = stream.caller.expose();
                assert!((1..=CALLER_MAX).contains(&caller.chars().count()) && !caller.contains('\0'));
                assert_eq!(find_nul(&Value::Object(stream.custom_data.into_inner())), None);
            }
            Event::Frame(_) => assert!(*started, "no audio before the start"),
            Event::Dtmf { digit, .. } => is_short(&digit, 16),
            Event::Mark { name } => is_short(&name, 256),
            Event::Answer(text) => assert!(serde_json::from_str::<Value>(&text).is_ok()),
            Event::Stop | Event::Skipped(_) | Event::Ignored | Event::Complaint | Event::Refused { .. } => {}
        }
    }
}

fn is_short(text: &str, most: usize) {
    assert!(text.chars().count() <= most && !text.contains('\0'));
}

/// A message of the stream protocol is what its header and its fields say.
pub fn stream_message(bytes: &[u8]) {
    if let Incoming::Chunk(chunk) = Incoming::of_bytes(bytes.to_vec()) {
        assert_eq!(chunk.audio, bytes[HEADER_BYTES..]);
        assert_eq!((chunk.sequence.is_some(), chunk.timestamp_ms.is_some()), (bytes[1] & 1 != 0, bytes[1] & 2 != 0));
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Incoming::Chunk(chunk) = Incoming::of_text(text) {
        let audio = service::audio::encode_base64(&chunk.audio);
        let track = crate::chunks::model::Track::from(chunk.track);
        let place = (chunk.sequence, chunk.timestamp_ms);
        let written = json!({ "audio": audio, "track": track, "sequence": place.0, "timestamp": place.1 }).to_string();
        let Incoming::Chunk(again) = Incoming::of_text(&written) else { panic!("no chunk: {written}") };
        assert_eq!((again.audio, again.track), (chunk.audio, chunk.track));
        assert_eq!((again.sequence, again.timestamp_ms), place);
    }
}

/// The frames are the same however their bytes are cut, and no message is longer than allowed. The first two bytes are
/// the limit and the cut.
pub fn websocket(bytes: &[u8]) {
    let Some((&[limit, step], bytes)) = bytes.split_first_chunk() else { return };
    let limit = usize::from(limit) * 16;
    let read = |step: usize| {
        let (mut decoder, mut found) = (Decoder::new(limit), Vec::new());
        for piece in bytes.chunks(step) {
            let mut input = Bytes::copy_from_slice(piece);
            while let Some(frame) = decoder.next(&mut input) {
                found.push(frame);
                if found.last() == Some(&Err(Fault::Protocol)) {
                    return found;
                }
            }
            assert!(input.is_empty(), "bytes are left where no frame is whole");
        }
        found
    };
    let whole = read(bytes.len().max(1));
    for frame in whole.iter().flatten() {
        match frame {
            Frame::Text(text) => assert!(text.len() <= limit),
            Frame::Binary(binary) => assert!(binary.len() <= limit),
            Frame::Ping(ping) => assert!(ping.len() <= 125),
            Frame::Pong | Frame::Close(_) => {}
        }
    }
    assert_eq!(read(usize::from(step) + 1), whole);
}
