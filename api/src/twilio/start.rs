//! Converts a `start` message into a stream: its ids, format and caller.

use serde_json::{Map, Value};
use service::{AudioFormat, CallRef, NewStream, Private, UNKNOWN_CALLER, as_id, audio::Encoding};

use super::message::{MediaFormat, Start, clean};

/// The maximum length of `caller`, in characters.
pub(crate) const CALLER_MAX: usize = 128;
/// The name of the parameter that carries the one-time token.
pub(crate) const TOKEN: &str = "token";

/// A stream that can be opened.
#[derive(Debug, PartialEq)]
pub(crate) struct Opening {
    /// The stream's properties.
    pub stream: NewStream,
    /// Whether samples in the payloads are big-endian.
    pub big_endian: bool,
    /// The one-time token. It is checked and never stored.
    pub token: Option<Private>,
}

/// Why a stream cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// The `streamSid` is missing or invalid.
    Name,
    /// The service does not support the format of the payloads, described here.
    Format(String),
}

impl Opening {
    /// Reads the stream's properties. `stream_sid` is the id outside of `start`, which takes precedence.
    pub(crate) fn new(stream_sid: Option<String>, start: Start) -> Result<Self, Unfit> {
        let stream_sid = stream_sid.or(start.stream_sid).ok_or(Unfit::Name)?;
        // A name that reads as a UUID would be taken for the id of a call.
        CallRef::parse(&stream_sid).filter(|_| as_id(&stream_sid).is_none()).ok_or(Unfit::Name)?;
        let (audio_format, big_endian) = match &start.media_format {
            Some(format) => read_format(format).map(|(format, big_endian)| (Some(format), big_endian))?,
            None => (None, false),
        };
        let mut custom_data: Map<_, _> = start
            .custom_parameters
            .unwrap_or_default()
            .into_inner()
            .into_iter()
            .map(|(name, value)| (clean(&name), cleaned(value)))
            .collect();
        let token = custom_data.remove(TOKEN).and_then(|token| token.as_str().map(Private::from));
        let caller = ["caller", "from"].into_iter().find_map(|name| take_caller(&mut custom_data, name));
        let caller = caller
            .or_else(|| start.from.as_ref().map(|from| clean(from.expose())).filter(|from| !from.trim().is_empty()));
        let caller =
            caller.unwrap_or_else(|| UNKNOWN_CALLER.to_owned()).chars().take(CALLER_MAX).collect::<String>().into();
        let call_sid = match start.call_sid {
            Some(call_sid) if CallRef::parse(&call_sid).is_some() => Some(call_sid),
            Some(other) if !other.is_empty() => {
                custom_data.entry("callSid").or_insert_with(|| clean(&other).into());
                None
            }
            _ => None,
        };
        Ok(Self {
            stream: NewStream { stream_sid, call_sid, caller, audio_format, custom_data: custom_data.into() },
            big_endian,
            token,
        })
    }
}

/// Removes a caller from the parameters and returns it. One longer than `CALLER_MAX` also stays in the parameters,
/// since the caller is cut.
fn take_caller(parameters: &mut Map<String, Value>, name: &str) -> Option<String> {
    let caller = parameters.get(name)?.as_str().filter(|caller| !caller.trim().is_empty())?.to_owned();
    if caller.chars().count() <= CALLER_MAX {
        parameters.remove(name);
    }
    Some(caller)
}

fn cleaned(value: Value) -> Value {
    match value {
        Value::String(text) => clean(&text).into(),
        Value::Array(items) => items.into_iter().map(cleaned).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, field)| (clean(&name), cleaned(field))).collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

/// Parses a format by the names that carriers use, and returns whether it is big-endian: L16 is (RFC 2586, RFC 3551).
fn read_format(format: &MediaFormat) -> Result<(AudioFormat, bool), Unfit> {
    let unfit = || Unfit::Format(describe(format));
    let name = format.encoding.to_ascii_lowercase();
    let name = name.strip_prefix("audio/").unwrap_or(&name);
    let encoding = match name.strip_prefix("x-").unwrap_or(name) {
        "mulaw" | "ulaw" | "pcmu" | "basic" => Encoding::Mulaw,
        "alaw" | "pcma" => Encoding::Alaw,
        "l16" => Encoding::Pcm16,
        _ => return Err(unfit()),
    };
    let sample_rate_hz = format.sample_rate.unwrap_or(8_000);
    encoding.check_rate(sample_rate_hz).map_err(|_| unfit())?;
    if format.channels.is_some_and(|channels| channels != 1) {
        return Err(unfit());
    }
    Ok((AudioFormat { encoding, sample_rate_hz }, encoding == Encoding::Pcm16))
}

/// A format in the words of its sender, such as `OPUS at 48000 Hz, 2 channels`.
fn describe(format: &MediaFormat) -> String {
    let encoding: String = format.encoding.chars().filter(|letter| !letter.is_control()).take(24).collect();
    let rate = format.sample_rate.map(|hz| format!(" at {hz} Hz")).unwrap_or_default();
    let channels = format.channels.filter(|&count| count != 1).map(|count| format!(", {count} channels"));
    format!("{encoding}{rate}{}", channels.unwrap_or_default())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use serde_json::json;

    use super::*;

    fn open(start: Value) -> Result<Opening, Unfit> {
        Opening::new(Some("MZ1".to_owned()), serde_json::from_value(start).unwrap())
    }

    #[test]
    fn the_caller_is_a_parameter_and_the_others_are_kept() {
        let caller = |parameters: Value| {
            let stream = open(json!({ "customParameters": parameters })).unwrap().stream;
            (stream.caller.into_inner(), Value::Object(stream.custom_data.into_inner()))
        };
        assert_eq!(caller(json!(null)), ("unknown".to_owned(), json!({})));
        assert_eq!(caller(json!({ "caller": "", "from": "+1" })), ("+1".to_owned(), json!({ "caller": "" })));
        let both = json!({ "caller": "+2", "from": "+1", "agent": "ada" });
        assert_eq!(caller(both), ("+2".to_owned(), json!({ "from": "+1", "agent": "ada" })));
        let long = json!({ "caller": "é".repeat(129) });
        assert_eq!(caller(long.clone()), ("é".repeat(128), long));
        assert_eq!(caller(json!({ "caller": "a\0b", "x\0": ["\0"] })), ("ab".to_owned(), json!({ "x": [""] })));
        assert_eq!(open(json!({ "from": "+3" })).unwrap().stream.caller.expose(), "+3");
    }

    #[test]
    fn formats_are_known_by_the_names_that_carriers_use() {
        let format = |encoding: &str, rate: Value| {
            let opening = open(json!({ "mediaFormat": { "encoding": encoding, "sampleRate": rate } }))?;
            Ok((opening.stream.audio_format.unwrap().to_string(), opening.big_endian))
        };
        for name in ["audio/x-mulaw", "PCMU", "audio/PCMU", "mulaw"] {
            assert_eq!(format(name, json!(8_000)), Ok(("mulaw at 8000 Hz".to_owned(), false)));
        }
        assert_eq!(format("PCMA", json!(null)), Ok(("alaw at 8000 Hz".to_owned(), false)));
        assert_eq!(format("L16", json!("16000")), Ok(("pcm16 at 16000 Hz".to_owned(), true)));
        for (name, rate) in [("OPUS", 8_000), ("PCMU", 16_000), ("L16", 12_000)] {
            assert_eq!(format(name, json!(rate)), Err(Unfit::Format(format!("{name} at {rate} Hz"))));
        }
        let stereo = json!({ "mediaFormat": { "encoding": "PCMU", "channels": 2 } });
        assert_eq!(open(stereo), Err(Unfit::Format("PCMU, 2 channels".to_owned())));
    }

    #[test]
    fn names_are_checked() {
        for name in
            ["", "a b", "..", "é", "32de0dea-53cb-4b21-89a4-9e1819c043bc", "32DE0DEA-53CB-4B21-89A4-9E1819C043BC"]
        {
            assert_eq!(Opening::new(Some(name.to_owned()), Start::default()), Err(Unfit::Name));
        }
        assert_eq!(Opening::new(None, Start::default()), Err(Unfit::Name));
        let odd = open(json!({ "callSid": "a b" })).unwrap().stream;
        assert_eq!((odd.call_sid, Value::Object(odd.custom_data.into_inner())), (None, json!({ "callSid": "a b" })));
    }
}
