//! The properties of a recorded stream, from its `start` message.

use serde_json::{Map, Value};

use crate::message::StartMessage;

/// What the `start` message says of a call.
#[derive(Debug)]
pub(crate) struct Opening {
    /// The id of the stream.
    pub stream_sid: String,
    /// The id of the phone call.
    pub call_sid: Option<String>,
    /// The caller: the parameter `caller`, or else `from`, or else `unknown`.
    pub caller: String,
    /// The agent, from the parameter `agent`.
    pub agent: Option<String>,
    /// The encoding and sample rate of the payloads; `None` if the message does not state them.
    pub audio_format: Option<(&'static str, u32)>,
    /// The remaining parameters, which become the call's `customData`.
    pub custom_data: Map<String, Value>,
}

impl Opening {
    /// Extracts the properties. Fails with a reason if there is no `streamSid`, or if the encoding is neither mu-law
    /// nor A-law.
    pub(crate) fn new(StartMessage { stream_sid, start }: StartMessage) -> Result<Self, String> {
        let stream_sid = start.stream_sid.or(stream_sid).ok_or("a start message without streamSid")?;
        let audio_format = start.media_format.map(|format| match format.encoding.as_str() {
            "audio/x-mulaw" => Ok(("mulaw", format.sample_rate)),
            "audio/x-alaw" => Ok(("alaw", format.sample_rate)),
            other => {
                Err(format!("the media format {other} cannot be replayed; it must be audio/x-mulaw or audio/x-alaw"))
            }
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

    /// Bytes of audio per second. Both encodings have one byte per sample.
    #[must_use]
    pub(crate) fn bytes_a_second(&self) -> u32 {
        self.audio_format.map_or(8_000, |(_, sample_rate)| sample_rate.max(1))
    }
}
