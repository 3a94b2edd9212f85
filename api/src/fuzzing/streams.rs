//! What comes over WebSockets: frames, and the messages in them.

use bytes::Bytes;
use serde_json::{Value, json};
use service::{CallRef, NewEvent, Private};

use crate::{
    extract::json::find_nul,
    socket::decoder::{Decoder, Fault, Message as Frame},
    stream::frame::{HEADER_BYTES, Incoming},
    twilio::{
        message::Message,
        start::{CALLER_MAX, Opening},
    },
};

/// A message of a carrier is read the same again as it would be written, and what is kept of it is short and clean.
pub fn twilio_message(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    match Message::read(text) {
        Ok(Message::Start { stream_sid, start }) => {
            let Ok(Opening { stream, .. }) = Opening::new(stream_sid, *start) else { return };
            assert!(CallRef::parse(&stream.stream_sid).is_some());
            assert!(stream.call_sid.is_none_or(|name| CallRef::parse(&name).is_some()));
            let caller = stream.caller.expose();
            assert!((1..=CALLER_MAX).contains(&caller.chars().count()) && !caller.contains('\0'));
            assert_eq!(find_nul(&Value::Object(stream.custom_data.into_inner())), None);
        }
        Ok(Message::Media { media, .. }) => {
            let (chunk, timestamp) = (media.chunk.to_string(), media.timestamp.to_string());
            let media_again = json!({ "chunk": chunk, "timestamp": timestamp, "payload": media.payload });
            let written = json!({ "event": "media", "media": media_again }).to_string();
            let Ok(Message::Media { media: again, .. }) = Message::read(&written) else {
                panic!("no media: {written}")
            };
            assert_eq!((again.chunk, again.timestamp), (media.chunk, media.timestamp));
            assert_eq!(again.payload, media.payload);
        }
        Ok(Message::Dtmf { dtmf, .. }) => is_short(dtmf.into(), 16),
        Ok(Message::Mark { mark, .. }) => is_short(mark.into(), 256),
        Ok(Message::Connected | Message::Stop { .. } | Message::Unknown) | Err(_) => {}
    }
}

fn is_short(event: NewEvent, most: usize) {
    let Some(text) = event.digit.map(Private::into_inner).or(event.name) else { panic!("a key or a mark says which") };
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
            Frame::Pong | Frame::Close => {}
        }
    }
    assert_eq!(read(usize::from(step) + 1), whole);
}
