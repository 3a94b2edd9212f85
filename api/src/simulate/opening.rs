//! How a recorded stream opened.

use serde_json::{Map, Value};

use super::message::StartMessage;

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

impl Opening {
    /// What a start message says; fails with a reason when it names no stream, or audio that cannot be replayed.
    pub fn new(StartMessage { stream_sid, start }: StartMessage) -> Result<Self, String> {
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

    /// How many bytes of audio a second has.
    #[must_use]
    pub fn bytes_a_second(&self) -> u32 {
        self.audio_format.map_or(8_000, |(_, sample_rate)| sample_rate.max(1))
    }
}
