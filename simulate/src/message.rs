//! Twilio's messages, reduced to what a replay needs: `start`, `media` and `stop`. Other messages and other fields are
//! ignored.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, Unexpected, Visitor},
};
use serde_json::{Map, Value};

use crate::frame::Track;

/// A line of a recorded session.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    /// Opens the stream.
    Start(StartMessage),
    /// Carries a frame of audio.
    Media(Media<'a>),
    /// Ends the stream.
    Stop,
    /// Any other event, or JSON without one.
    Other,
}

/// The `start` message. Twilio sends `streamSid` both here and inside `start`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartMessage {
    /// The id of the stream.
    pub stream_sid: Option<String>,
    /// The properties of the stream.
    pub start: Start,
}

/// The properties of a stream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Start {
    /// The id of the stream.
    pub stream_sid: Option<String>,
    /// The id of the phone call.
    pub call_sid: Option<String>,
    /// The format of the payloads.
    pub media_format: Option<MediaFormat>,
    /// Parameters that the application passed to Twilio's `<Stream>`.
    #[serde(default)]
    pub custom_parameters: Map<String, Value>,
}

/// The format of payloads.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MediaFormat {
    /// The encoding; Twilio sends `audio/x-mulaw`.
    pub encoding: String,
    /// The sample rate in Hz.
    pub sample_rate: u32,
}

/// A frame of audio.
#[derive(Debug, Deserialize)]
pub(crate) struct Media<'a> {
    /// The speaker.
    #[serde(default)]
    pub track: Track,
    /// The frame's sequence in its track.
    #[serde(deserialize_with = "counter")]
    pub chunk: u32,
    /// Where the frame begins in the stream, in milliseconds.
    #[serde(deserialize_with = "counter")]
    pub timestamp: u32,
    /// The audio as base64. Borrowed unless the JSON string has escapes.
    #[serde(borrow)]
    pub payload: Cow<'a, str>,
}

impl<'a> Message<'a> {
    /// Parses a line. Fails with a reason if it is not JSON, or if a `start` or `media` message lacks a field.
    pub(crate) fn read(line: &'a [u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Kind<'a> {
            #[serde(borrow)]
            event: Cow<'a, str>,
        }
        #[derive(Deserialize)]
        struct MediaMessage<'a> {
            #[serde(borrow)]
            media: Media<'a>,
        }
        let kind: Kind = match serde_json::from_slice(line) {
            Ok(kind) => kind,
            Err(error) if error.is_data() => return Ok(Self::Other),
            Err(error) => return Err(format!("this is not JSON: {}", in_line(&error))),
        };
        let refuse = |error| format!("this is not a valid Twilio {} message: {}", kind.event, in_line(&error));
        match &*kind.event {
            "start" => serde_json::from_slice(line).map(Self::Start).map_err(refuse),
            "media" => serde_json::from_slice(line).map(|MediaMessage { media }| Self::Media(media)).map_err(refuse),
            "stop" => Ok(Self::Stop),
            _ => Ok(Self::Other),
        }
    }
}

/// A parser error without its line number: the parser sees each line as the first.
fn in_line(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

/// Parses a number that Twilio sends as a string, and plain numbers as well.
fn counter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    struct Counter;
    impl Visitor<'_> for Counter {
        type Value = u32;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a whole number as a string")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<u32, E> {
            text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<u32, E> {
            u32::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
        }
    }
    deserializer.deserialize_any(Counter)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn media_is_read_with_its_escapes() {
        let line =
            br#"{"event":"media","media":{"track":"outbound","chunk":"7","timestamp":"134","payload":"\/\/8="}}"#;
        let Ok(Message::Media(media)) = Message::read(line) else { panic!("no media") };
        assert_eq!((media.track, media.chunk, media.timestamp, &*media.payload), (Track::Outbound, 7, 134, "//8="));
    }

    #[test]
    fn what_is_not_of_the_call_is_passed_over() {
        for line in [&br#"{"event":"mark","media":5}"#[..], br#"{"protocol":"Call"}"#, b"[1]", b"null"] {
            assert!(matches!(Message::read(line), Ok(Message::Other)));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let reason = |line: &[u8]| Message::read(line).unwrap_err();
        assert!(reason(br#"{"event":"#).starts_with("this is not JSON: EOF"), "{}", reason(br#"{"event":"#));
        let counter = reason(br#"{"event":"media","media":{"chunk":"x","timestamp":"1","payload":""}}"#);
        assert!(counter.contains(r#"string "x", expected a whole number as a string"#), "{counter}");
        assert!(reason(br#"{"event":"start"}"#).contains("missing field `start`"));
        assert!(reason(b"\xff").starts_with("this is not JSON"));
    }
}
