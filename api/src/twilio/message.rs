//! The messages of Twilio Media Streams, and of Telnyx's dialect. Unknown fields are ignored.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};
use serde_json::{Map, Value};
use service::{EventType, NewEvent, Private, Track, as_id};

/// The maximum length of a DTMF digit and of a mark's name, in characters. Longer ones are cut.
const DIGIT_MAX: usize = 16;
const NAME_MAX: usize = 256;

/// A message of a carrier.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    /// The first message of a socket. It carries nothing that the service needs.
    Connected,
    /// Starts the stream.
    Start { stream_sid: Option<String>, start: Box<Start> },
    /// Carries a frame of audio.
    Media { stream_sid: Option<String>, media: Media<'a> },
    /// Reports a pressed key.
    Dtmf { stream_sid: Option<String>, dtmf: Dtmf },
    /// Reports that the audio before a mark has been played.
    Mark { stream_sid: Option<String>, mark: Mark },
    /// Ends the stream.
    Stop { stream_sid: Option<String> },
    /// An unknown event.
    Unknown,
}

/// The text is not a valid message.
#[derive(Debug)]
pub(crate) struct Malformed;

/// The properties of a stream. Telnyx also puts the caller here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Start {
    /// The id of the stream.
    pub stream_sid: Option<String>,
    /// The id of the stream, in Telnyx's dialect.
    #[serde(default, rename = "stream_id", deserialize_with = "telnyx_name")]
    pub stream_id: Option<String>,
    /// The id of the phone call.
    #[serde(alias = "call_control_id")]
    pub call_sid: Option<String>,
    /// The caller, in Telnyx's dialect.
    pub from: Option<Private>,
    /// The format of the payloads.
    #[serde(alias = "media_format")]
    pub media_format: Option<MediaFormat>,
    /// Parameters that the application passed to `<Stream>`.
    #[serde(default, alias = "custom_parameters")]
    pub custom_parameters: Option<Private<Map<String, Value>>>,
}

/// The format of payloads.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MediaFormat {
    /// The encoding; Twilio sends `audio/x-mulaw`.
    pub encoding: String,
    /// The sample rate in Hz.
    #[serde(default, alias = "sample_rate", deserialize_with = "optional_counter")]
    pub sample_rate: Option<u32>,
    /// The number of channels.
    #[serde(default, deserialize_with = "optional_counter")]
    pub channels: Option<u32>,
}

/// A frame of audio.
#[derive(Debug, Deserialize)]
pub(crate) struct Media<'a> {
    /// The speaker; `None` means the caller.
    #[serde(default, deserialize_with = "track")]
    pub track: Option<Track>,
    /// The frame's number in its track.
    #[serde(deserialize_with = "counter")]
    pub chunk: u32,
    /// Where the frame begins in the stream, in milliseconds.
    #[serde(deserialize_with = "counter")]
    pub timestamp: u32,
    /// The audio as base64. Borrowed unless the JSON string has escapes.
    #[serde(borrow)]
    pub payload: Cow<'a, str>,
}

/// A pressed key.
#[derive(Debug, Deserialize)]
pub struct Dtmf {
    /// The party that pressed the key.
    #[serde(default, deserialize_with = "track")]
    pub track: Option<Track>,
    /// The key. Private, because callers type card numbers and PINs.
    pub digit: Private,
}

/// A mark.
#[derive(Debug, Deserialize)]
pub struct Mark {
    /// The name that the application gave the mark.
    pub name: String,
}

impl From<Dtmf> for NewEvent {
    fn from(Dtmf { track, digit }: Dtmf) -> Self {
        Self { event_type: EventType::Dtmf, track, digit: Some(cut(digit.expose(), DIGIT_MAX).into()), name: None }
    }
}

impl From<Mark> for NewEvent {
    fn from(mark: Mark) -> Self {
        Self { event_type: EventType::Mark, track: None, digit: None, name: Some(cut(&mark.name, NAME_MAX)) }
    }
}

/// The first `most` characters of a text, without NUL.
fn cut(text: &str, most: usize) -> String {
    clean(text).chars().take(most).collect()
}

/// A message as JSON: the event, and the field that the event names.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(rename = "streamSid")]
    stream_sid: Option<String>,
    #[serde(default, deserialize_with = "telnyx_name")]
    stream_id: Option<String>,
    start: Option<Box<Start>>,
    #[serde(borrow)]
    media: Option<Media<'a>>,
    dtmf: Option<Dtmf>,
    mark: Option<Mark>,
}

impl<'a> Message<'a> {
    /// Parses a message.
    pub(crate) fn read(text: &'a str) -> Result<Self, Malformed> {
        #[derive(Deserialize)]
        struct Kind<'a> {
            #[serde(borrow)]
            event: Cow<'a, str>,
        }
        let known = ["connected", "start", "media", "dtmf", "mark", "stop"];
        let Ok(Envelope { event, stream_sid, stream_id, start, media, dtmf, mark }) = serde_json::from_str(text) else {
            // An unknown event may use a known field with another type.
            return match serde_json::from_str(text) {
                Ok(Kind { event }) if !known.contains(&&*event) => Ok(Self::Unknown),
                Ok(Kind { event }) if event == "stop" => Ok(Self::Stop { stream_sid: None }),
                _ => Err(Malformed),
            };
        };
        let stream_sid = stream_sid.or(stream_id);
        match &*event {
            "connected" => Ok(Self::Connected),
            "start" => {
                let mut start = start.ok_or(Malformed)?;
                start.stream_sid = start.stream_sid.take().or_else(|| start.stream_id.take());
                Ok(Self::Start { stream_sid, start })
            }
            "media" => media.map(|media| Self::Media { stream_sid, media }).ok_or(Malformed),
            "dtmf" => dtmf.map(|dtmf| Self::Dtmf { stream_sid, dtmf }).ok_or(Malformed),
            "mark" => mark.map(|mark| Self::Mark { stream_sid, mark }).ok_or(Malformed),
            "stop" => Ok(Self::Stop { stream_sid }),
            _ => Ok(Self::Unknown),
        }
    }
}

/// Reads Telnyx's id of a stream. It is a UUID, which as a `streamSid` would be taken for the id of a call.
fn telnyx_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name = Option::<String>::deserialize(deserializer)?;
    Ok(name.map(|name| if as_id(&name).is_some() { format!("telnyx-{name}") } else { name }))
}

/// Parses a whole number, which Twilio sends as a string. Numbers beyond `u32` become `u32::MAX`.
fn counter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    struct Counter;
    impl Visitor<'_> for Counter {
        type Value = u32;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a whole number, as a string")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<u32, E> {
            if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(E::custom("not a whole number"));
            }
            Ok(text.parse().unwrap_or(u32::MAX))
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<u32, E> {
            Ok(u32::try_from(number).unwrap_or(u32::MAX))
        }
    }
    deserializer.deserialize_any(Counter)
}

fn optional_counter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    #[derive(Deserialize)]
    struct Counter(#[serde(deserialize_with = "counter")] u32);
    Ok(Option::<Counter>::deserialize(deserializer)?.map(|Counter(number)| number))
}

/// Parses a track: `inbound` or, as Telnyx writes it, `inbound_track`.
fn track<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Track>, D::Error> {
    let name = Option::<Cow<'de, str>>::deserialize(deserializer)?;
    match name.as_deref() {
        None => Ok(None),
        Some("inbound" | "inbound_track") => Ok(Some(Track::Inbound)),
        Some("outbound" | "outbound_track") => Ok(Some(Track::Outbound)),
        Some(_) => Err(de::Error::custom("expected inbound or outbound")),
    }
}

/// Removes NUL, which PostgreSQL cannot store.
pub(crate) fn clean(text: &str) -> String {
    text.replace('\0', "")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn media_is_read_with_its_escapes_and_in_both_dialects() {
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
            let Ok(Message::Media { stream_sid, media }) = Message::read(text) else { panic!("{text}") };
            assert_eq!(stream_sid.as_deref(), Some(name));
            assert_eq!((media.track, media.chunk, media.timestamp), (Some(Track::Outbound), 7, 134));
            assert_eq!(media.payload, "//8=");
        }
    }

    #[test]
    fn a_start_is_read_in_both_dialects() {
        let twilio = r#"{"event":"start","streamSid":"MZ1","start":{"callSid":"CA1","mediaFormat":{"encoding":"audio/x-mulaw",
            "sampleRate":8000,"channels":1},"customParameters":{"from":"+1"}}}"#;
        let telnyx = r#"{"event":"start","stream_id":"MZ1","start":{"call_control_id":"CA1","media_format":{"encoding":
            "audio/x-mulaw","sample_rate":"8000","channels":1},"custom_parameters":{"from":"+1"},"tags":["a"]}}"#;
        for text in [twilio, telnyx] {
            let Ok(Message::Start { stream_sid, start }) = Message::read(text) else { panic!("{text}") };
            assert_eq!((stream_sid.as_deref(), start.call_sid.as_deref()), (Some("MZ1"), Some("CA1")));
            let format = start.media_format.unwrap();
            assert_eq!(
                (&*format.encoding, format.sample_rate, format.channels),
                ("audio/x-mulaw", Some(8_000), Some(1))
            );
            assert_eq!(start.custom_parameters.unwrap().expose()["from"], "+1");
        }
    }

    #[test]
    fn events_that_are_not_known_are_told_from_messages_that_are_damaged() {
        for text in [r#"{"event":"clear"}"#, r#"{"event":"error","media":5}"#, r#"{"event":"media2","start":[]}"#] {
            assert!(matches!(Message::read(text), Ok(Message::Unknown)), "{text}");
        }
        for text in [
            "",
            "5",
            "[]",
            "{}",
            r#"{"event":5}"#,
            r#"{"event":"media"}"#,
            r#"{"event":"start"}"#,
            r#"{"event":"media","media":{"chunk":"1","timestamp":"x","payload":""}}"#,
            r#"{"event":"media","media":{"chunk":"-1","timestamp":"0","payload":""}}"#,
            r#"{"event":"media","media":{"track":"both","chunk":"1","timestamp":"0","payload":""}}"#,
            r#"{"event":"dtmf","dtmf":{}}"#,
        ] {
            assert!(Message::read(text).is_err(), "{text}");
        }
        assert!(matches!(Message::read(r#"{"event":"stop","mark":5}"#), Ok(Message::Stop { .. })));
    }
}
