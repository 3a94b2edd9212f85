//! The JSON that most platforms send: an `event`, and for audio an object `media`. They differ in the spelling of ids
//! and numbers, which are all read alike.
//!
//! Media is by far the most frequent, so its fields are borrowed from the text, in one pass.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

use crate::{
    Track,
    fields::{Fields, parse, text, word},
};

/// A message.
pub(crate) enum Message<'a> {
    /// Audio.
    Media(MediaMessage<'a>),
    /// Any other event, by its name.
    Other(String, Fields),
    /// Not JSON with an `event`, or audio that cannot be read.
    Malformed,
}

/// A message with audio.
#[derive(Deserialize)]
pub(crate) struct MediaMessage<'a> {
    #[serde(borrow)]
    event: Text<'a>,
    /// The stream's id, outside of the object.
    #[serde(borrow, default, rename = "streamSid", alias = "stream_id", alias = "stream_sid", alias = "streamId")]
    pub stream: Option<Text<'a>>,
    /// The tag, where it stands outside of the object.
    #[serde(borrow, default)]
    pub tag: Option<Text<'a>>,
    /// The object.
    #[serde(borrow)]
    pub media: Media<'a>,
}

/// The audio of a message.
#[derive(Deserialize)]
pub(crate) struct Media<'a> {
    /// Whose voice it is; `None` if the message does not say so.
    #[serde(default, deserialize_with = "track")]
    pub track: Option<Track>,
    /// The name of a voice, for platforms that have no tracks.
    #[serde(borrow, default)]
    pub tag: Option<Text<'a>>,
    /// The frame's number.
    #[serde(default)]
    pub chunk: Option<Count>,
    /// Where the frame begins.
    #[serde(default)]
    pub timestamp: Option<Count>,
    /// The audio as base64. Borrowed unless the JSON string has escapes.
    #[serde(borrow)]
    pub payload: Text<'a>,
}

/// A text, borrowed if it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl Text<'_> {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A whole number, which may be written as a string. Too large ones become `u64::MAX`.
#[derive(Clone, Copy)]
pub(crate) struct Count(pub u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Count;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a whole number, or one as a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Count, E> {
                if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(E::custom("not a whole number"));
                }
                Ok(Count(text.parse().unwrap_or(u64::MAX)))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Count, E> {
                Ok(Count(number))
            }
        }
        deserializer.deserialize_any(Digits)
    }
}

/// Parses a track: `inbound` or, as some write it, `inbound_track`.
fn track<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Track>, D::Error> {
    let name = Option::<Text<'de>>::deserialize(deserializer)?;
    match name.as_ref().map(Text::as_str) {
        None | Some("") => Ok(None),
        Some(name) => track_of(name).map(Some).ok_or_else(|| de::Error::custom("expected inbound or outbound")),
    }
}

/// The track of a name.
pub(crate) fn track_of(name: &str) -> Option<Track> {
    match name {
        "inbound" | "inbound_track" => Some(Track::Inbound),
        "outbound" | "outbound_track" => Some(Track::Outbound),
        _ => None,
    }
}

impl<'a> Message<'a> {
    /// Parses a message.
    pub(crate) fn read(text: &'a str) -> Self {
        if let Ok(message) = serde_json::from_str::<MediaMessage<'a>>(text)
            && message.event.as_str() == "media"
        {
            return Self::Media(message);
        }
        match parse(text) {
            Some(fields) => match word(&fields, "event") {
                "" | "media" => Self::Malformed,
                event => Self::Other(event.to_owned(), fields),
            },
            None => Self::Malformed,
        }
    }
}

impl MediaMessage<'_> {
    /// The bytes of the payload; `None` if it is not base64.
    pub(crate) fn payload(&self) -> Option<Vec<u8>> {
        audio::decode_any_base64(self.media.payload.as_str()).ok()
    }

    /// The frame's number.
    pub(crate) fn number(&self) -> Option<u64> {
        self.media.chunk.map(|Count(number)| number)
    }

    /// The frame's timestamp.
    pub(crate) fn timestamp(&self) -> Option<u64> {
        self.media.timestamp.map(|Count(number)| number)
    }
}

/// The stream's id outside of the event's object.
pub(crate) fn stream_of(fields: &Fields) -> Option<String> {
    ["streamSid", "stream_id", "stream_sid", "streamId"].into_iter().find_map(|name| text(fields, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_is_read_with_its_escapes_in_every_spelling() {
        for (text, name) in [
            (
                r#"{"event":"media","streamSid":"MZ1","media":{"track":"outbound","chunk":"7","timestamp":"134","payload":"\/\/8="}}"#,
                "MZ1",
            ),
            (
                r#"{"event":"media","stream_id":"T1","sequence_number":"9","media":{"track":"outbound_track","chunk":7,"timestamp":134,"payload":"//8="}}"#,
                "T1",
            ),
        ] {
            let Message::Media(message) = Message::read(text) else { panic!("{text}") };
            assert_eq!(message.stream.as_ref().map(Text::as_str), Some(name));
            assert_eq!(
                (message.media.track, message.number(), message.timestamp()),
                (Some(Track::Outbound), Some(7), Some(134))
            );
            assert_eq!(message.payload(), Some(vec![0xFF, 0xFF]));
        }
    }

    #[test]
    fn events_are_told_from_messages_that_are_damaged() {
        for text in [r#"{"event":"clear"}"#, r#"{"event":"error","media":5}"#, r#"{"event":"media2","start":[]}"#] {
            assert!(matches!(Message::read(text), Message::Other(..)), "{text}");
        }
        for text in [
            "",
            "5",
            "[]",
            "{}",
            r#"{"event":5}"#,
            r#"{"event":"media"}"#,
            r#"{"event":"media","media":{"chunk":"1","timestamp":"x","payload":""}}"#,
            r#"{"event":"media","media":{"chunk":"-1","timestamp":"0","payload":""}}"#,
            r#"{"event":"media","media":{"track":"both","chunk":"1","timestamp":"0","payload":""}}"#,
        ] {
            assert!(matches!(Message::read(text), Message::Malformed), "{text}");
        }
    }
}
