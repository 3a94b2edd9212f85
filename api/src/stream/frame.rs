//! Parses a client's messages: a chunk as JSON, or a header of 12 bytes followed by the audio.

use serde::Deserialize;
use service::{NewChunk, Track};

use crate::{
    chunks::{self, add::AddAudioChunk},
    extract::from_json,
    problem::Problem,
};

/// The length of a binary message's header.
pub(crate) const HEADER_BYTES: usize = 12;
const SEQUENCE_GIVEN: u8 = 1;
const TIMESTAMP_GIVEN: u8 = 2;

/// A parsed message. Each one gets a reply.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A chunk to store.
    Chunk(NewChunk),
    /// A message that is not a valid chunk, with its track and sequence if they could be read.
    Refused { problem: Problem, track: Option<Track>, sequence: Option<u32> },
}

impl Incoming {
    /// Parses a text message, which has the form of an `addAudioChunk` body.
    pub(crate) fn of_text(text: &str) -> Self {
        #[derive(Deserialize)]
        struct ChunkPosition {
            track: Option<chunks::model::Track>,
            sequence: Option<u32>,
        }
        let chunk = from_json::<AddAudioChunk>(text.as_bytes()).and_then(|chunk| chunk.decode(|| "/audio".to_owned()));
        chunk.map_or_else(
            |problem| {
                let position = serde_json::from_str(text).unwrap_or(ChunkPosition { track: None, sequence: None });
                Self::Refused { problem, track: position.track.map(Into::into), sequence: position.sequence }
            },
            Self::Chunk,
        )
    }

    /// Parses a binary message: a header, and audio in the call's own format.
    pub(crate) fn of_bytes(mut bytes: Vec<u8>) -> Self {
        let refuse = |detail: &str, track| {
            let problem = Problem::invalid_field("", detail);
            Self::Refused { problem, track, sequence: None }
        };
        let Some((header, _)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
            return refuse("A binary message must be a header of 12 bytes, followed by audio.", None);
        };
        let [track, flags, zero1, zero2, s0, s1, s2, s3, t0, t1, t2, t3] = *header;
        let track = match track {
            0 => Track::Inbound,
            1 => Track::Outbound,
            _ => return refuse("Byte 0 must be the track: 0 inbound, 1 outbound.", None),
        };
        if flags & !(SEQUENCE_GIVEN | TIMESTAMP_GIVEN) != 0 {
            return refuse(
                "Byte 1 must be flags: 1 if a sequence is given, 2 if a timestamp is given; all other bits 0.",
                Some(track),
            );
        }
        if (zero1, zero2) != (0, 0) {
            return refuse("Bytes 2 and 3 must be 0.", Some(track));
        }
        let given = |flag: u8, value: [u8; 4]| (flags & flag != 0).then(|| u32::from_le_bytes(value));
        let (sequence, timestamp_ms) =
            (given(SEQUENCE_GIVEN, [s0, s1, s2, s3]), given(TIMESTAMP_GIVEN, [t0, t1, t2, t3]));
        bytes.drain(..HEADER_BYTES);
        Self::Chunk(NewChunk { track, sequence, timestamp_ms, audio: bytes, format: None })
    }

    /// The length of its audio in bytes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Chunk(chunk) => chunk.audio.len(),
            Self::Refused { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(bytes: [u8; HEADER_BYTES]) -> Incoming {
        Incoming::of_bytes([&bytes[..], &[7, 8]].concat())
    }

    #[test]
    fn a_header_is_little_endian_and_says_what_is_given() {
        let read = |bytes| match header(bytes) {
            Incoming::Chunk(chunk) => Some((chunk.track, chunk.sequence, chunk.timestamp_ms, chunk.audio)),
            Incoming::Refused { .. } => None,
        };
        let audio = vec![7, 8];
        assert_eq!(
            read([1, 3, 0, 0, 1, 2, 0, 0, 4, 0, 1, 0]),
            Some((Track::Outbound, Some(513), Some(65_540), audio.clone()))
        );
        assert_eq!(read([0, 1, 0, 0, 9, 0, 0, 0, 9, 9, 9, 9]), Some((Track::Inbound, Some(9), None, audio.clone())));
        assert_eq!(read([0, 2, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0]), Some((Track::Inbound, None, Some(9), audio.clone())));
        assert_eq!(read([0; 12]), Some((Track::Inbound, None, None, audio)));
        for bytes in [[2, 0, 0, 0], [0, 4, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]] {
            let mut whole = [0; HEADER_BYTES];
            whole[..4].copy_from_slice(&bytes);
            assert_eq!(read(whole), None, "{bytes:?}");
        }
        assert!(matches!(Incoming::of_bytes(vec![0; 11]), Incoming::Refused { .. }));
    }

    #[test]
    fn what_is_refused_says_its_place_where_it_is_known() {
        let position = |text: &str| match Incoming::of_text(text) {
            Incoming::Refused { track, sequence, .. } => Some((track, sequence)),
            Incoming::Chunk(_) => None,
        };
        assert_eq!(
            position(r#"{"audio":"*","track":"outbound","sequence":4}"#),
            Some((Some(Track::Outbound), Some(4)))
        );
        assert_eq!(position(r#"{"audio":"/w==","nonsense":1,"sequence":4}"#), Some((None, Some(4))));
        assert_eq!(position("{"), Some((None, None)));
        assert_eq!(position(r#"{"audio":"/w=="}"#), None);
    }
}
