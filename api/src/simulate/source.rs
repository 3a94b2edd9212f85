//! What a call sends, item by item: a recorded session, or audio made up for this call alone. A transport decides in which
//! words.

use std::{sync::Arc, time::Duration};

use bytes::BytesMut;

use super::{message::Track, names::Names, script::Script, synthetic::Synthetic, text};

/// What a call sends.
#[derive(Clone, Debug)]
pub enum Source {
    /// A recorded session.
    Recorded(Arc<Script>),
    /// Made-up audio, and the number of the call that it is made up for.
    Synthetic(Arc<Synthetic>, u32),
}

/// A frame of audio, without the audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whose voice it is.
    pub track: Track,
    /// Its number in the track.
    pub sequence: u32,
    /// Where in the stream it begins, in milliseconds.
    pub timestamp_ms: u32,
    /// How many bytes of audio it has.
    pub bytes: u32,
}

impl Source {
    /// How many items there are.
    pub fn items(&self) -> usize {
        match self {
            Self::Recorded(script) => script.session.items(),
            Self::Synthetic(audio, _) => audio.frames(),
        }
    }

    /// How many of them are frames of audio.
    pub fn frames(&self) -> usize {
        match self {
            Self::Recorded(script) => script.session.frames().count(),
            Self::Synthetic(audio, _) => audio.frames(),
        }
    }

    /// When an item is sent, counted from the first; never before the one that precedes it.
    pub fn due(&self, item: usize) -> Duration {
        match self {
            Self::Recorded(script) => script.session.due(item),
            Self::Synthetic(audio, _) => audio.due(item),
        }
    }

    /// An item's frame; `None` where it is something else.
    pub fn frame(&self, item: usize) -> Option<Frame> {
        match self {
            Self::Recorded(script) => script.session.frame(item),
            Self::Synthetic(audio, _) => Some(audio.frame(item)),
        }
    }

    /// How many bytes of audio a second has.
    pub fn bytes_a_second(&self) -> u32 {
        match self {
            Self::Recorded(script) => script.session.opening.bytes_a_second(),
            Self::Synthetic(..) => 8_000,
        }
    }

    /// Writes a frame as JSON of `addAudioChunk`; nothing where the item is no frame.
    pub fn write_chunk(&self, item: usize, out: &mut BytesMut) {
        let Some(frame) = self.frame(item) else { return };
        out.extend_from_slice(b"{\"track\":\"");
        out.extend_from_slice(frame.track.name().as_bytes());
        out.extend_from_slice(b"\",\"sequence\":");
        text::decimal(frame.sequence, out);
        out.extend_from_slice(b",\"timestamp\":");
        text::decimal(frame.timestamp_ms, out);
        out.extend_from_slice(b",\"audio\":\"");
        self.write_base64(item, frame, out);
        out.extend_from_slice(b"\"}");
    }

    /// Writes an item as a message of Twilio's; `number` counts the messages of the stream.
    pub fn write_twilio(&self, item: usize, names: &Names, number: u32, out: &mut BytesMut) {
        let (audio, call) = match self {
            Self::Recorded(script) => return script.session.write_message(item, names, out),
            Self::Synthetic(audio, call) => (audio, *call),
        };
        let frame = audio.frame(item);
        out.extend_from_slice(b"{\"event\":\"media\",\"sequenceNumber\":\"");
        text::decimal(number, out);
        out.extend_from_slice(b"\",\"streamSid\":\"");
        out.extend_from_slice(names.stream_sid.as_bytes());
        out.extend_from_slice(b"\",\"media\":{\"track\":\"");
        out.extend_from_slice(frame.track.name().as_bytes());
        out.extend_from_slice(b"\",\"chunk\":\"");
        text::decimal(frame.sequence, out);
        out.extend_from_slice(b"\",\"timestamp\":\"");
        text::decimal(frame.timestamp_ms, out);
        out.extend_from_slice(b"\",\"payload\":\"");
        audio.write_base64(call, frame, out);
        out.extend_from_slice(b"\"}}");
    }

    /// Writes an item as a message of the service's own stream; says whether it is binary, `None` where there is nothing to
    /// send. Recorded audio is in base64 already and stays so.
    pub fn write_stream(&self, item: usize, out: &mut BytesMut) -> Option<bool> {
        let frame = self.frame(item)?;
        let Self::Synthetic(audio, call) = self else {
            self.write_chunk(item, out);
            return Some(false);
        };
        // Byte 1: sequence and timestamp are given.
        out.extend_from_slice(&[u8::from(frame.track == Track::Outbound), 3, 0, 0]);
        out.extend_from_slice(&frame.sequence.to_le_bytes());
        out.extend_from_slice(&frame.timestamp_ms.to_le_bytes());
        audio.write_raw(*call, frame, out);
        Some(true)
    }

    fn write_base64(&self, item: usize, frame: Frame, out: &mut BytesMut) {
        match self {
            Self::Recorded(script) => out.extend_from_slice(script.session.payload(item).as_bytes()),
            Self::Synthetic(audio, call) => audio.write_base64(*call, frame, out),
        }
    }
}
