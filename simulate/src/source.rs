//! The items that a call sends: messages of a recorded session, or synthetic frames. The transport chooses the wire
//! format.

use std::{sync::Arc, time::Duration};

use bytes::BytesMut;

use crate::{
    frame::{Frame, Track},
    names::Names,
    script::Script,
    synthetic::Synthetic,
    text,
};

/// The origin of a call's items.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A recorded session.
    Recorded(Arc<Script>),
    /// Synthetic audio, and the number of the call, which makes its audio different from other calls'.
    Synthetic(Arc<Synthetic>, u32),
}

impl Source {
    /// The number of items.
    pub(crate) fn items(&self) -> usize {
        match self {
            Self::Recorded(script) => script.session.items(),
            Self::Synthetic(audio, _) => audio.frames(),
        }
    }

    /// The number of items that are frames.
    pub(crate) fn frames(&self) -> usize {
        match self {
            Self::Recorded(script) => script.session.frames().count(),
            Self::Synthetic(audio, _) => audio.frames(),
        }
    }

    /// When an item is due, relative to the first. Times never decrease.
    pub(crate) fn due(&self, item: usize) -> Duration {
        match self {
            Self::Recorded(script) => script.session.due(item),
            Self::Synthetic(audio, _) => audio.due(item),
        }
    }

    /// The frame of an item; `None` for messages without audio.
    pub(crate) fn frame(&self, item: usize) -> Option<Frame> {
        match self {
            Self::Recorded(script) => script.session.frame(item),
            Self::Synthetic(audio, _) => Some(audio.frame(item)),
        }
    }

    /// Bytes of audio per second and track.
    pub(crate) fn bytes_a_second(&self) -> u32 {
        match self {
            Self::Recorded(script) => script.session.opening.bytes_a_second(),
            Self::Synthetic(..) => 8_000,
        }
    }

    /// Writes a frame as the JSON of `addAudioChunk`. Writes nothing for other items.
    pub(crate) fn write_chunk(&self, item: usize, out: &mut BytesMut) {
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

    /// Writes an item as a Twilio message. `number` becomes the `sequenceNumber` of a synthetic frame.
    pub(crate) fn write_twilio(&self, item: usize, names: &Names, number: u32, out: &mut BytesMut) {
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

    /// Writes a frame as a message of the service's stream protocol, and returns whether it is binary; `None` for other
    /// items. Recorded audio is sent as JSON because it is base64 already.
    pub(crate) fn write_stream(&self, item: usize, out: &mut BytesMut) -> Option<bool> {
        let frame = self.frame(item)?;
        let Self::Synthetic(audio, call) = self else {
            self.write_chunk(item, out);
            return Some(false);
        };
        // Byte 1: flags; 3 means that sequence and timestamp are present.
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
