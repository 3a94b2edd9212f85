//! Plivo audio streams, and those of Vobiz, which are flat in an older form. There is no `stop`: the socket closes.
//! Timestamps are milliseconds of the epoch, or since the start.

use serde_json::Value;

use super::common::{begin, digit_of, spec_of, take_media};
use crate::{
    Context, Name,
    codec::{Codec, Spec},
    dialect::{Dialect, is_regular},
    fields::{Fields, object, text, word},
    message::{MediaMessage, Message, track_of},
    opening::Draft,
    output::{Output, Place},
};

/// Up to which number the first frame that arrives tells when the stream began: those before it are late or lost.
const FIRST_MAX: u64 = 50;
/// Timestamps beyond this are milliseconds of the epoch: ten years.
const EPOCH_MIN_MS: u64 = 10 * 365 * 24 * 3_600 * 1_000;

/// A stream of Plivo.
pub(crate) struct Plivo {
    context: Context,
    codec: Option<Codec>,
    /// The timestamp of the stream's beginning.
    base: Option<u64>,
}

impl Plivo {
    pub(crate) fn new(context: Context) -> Self {
        Self { context, codec: None, base: None }
    }

    fn start(&mut self, fields: &Fields, out: &mut Output) {
        if self.codec.is_some() {
            return out.skip("second_start");
        }
        let empty = Fields::new();
        let start = object(fields, "start").unwrap_or(&empty);
        let field = |name: &str| text(start, name).or_else(|| text(fields, name));
        let parameters = ["extra_headers", "extraHeaders"].iter().find_map(|name| {
            let headers = start.get(*name).or_else(|| fields.get(*name))?;
            Some(headers_of(headers))
        });
        let draft = Draft {
            stream_id: field("streamId"),
            call_id: field("callId"),
            caller: field("from"),
            callee: field("to"),
            direction: field("direction"),
            parameters: parameters.unwrap_or_default(),
        };
        let spec = match object(start, "mediaFormat") {
            Some(format) => spec_of(Some(format)),
            None => Spec { encoding: field("contentType"), ..Spec::default() },
        };
        self.codec = begin(Name::Plivo, &self.context, draft, spec.read(&self.context, false), out);
    }

    fn media(&mut self, message: &MediaMessage<'_>, out: &mut Output) {
        let first = &mut self.base;
        take_media(self.codec.as_mut(), message, out, |audio, format| {
            let Some(stamped) = message.timestamp() else { return Place::Follows };
            let base = *first.get_or_insert_with(|| {
                let samples = audio.len() / format.encoding.bytes_per_sample();
                let frame_ms = audio::number::wide(samples) * 1000 / u64::from(format.sample_rate_hz);
                let before = message.number().filter(|number| (2..=FIRST_MAX).contains(number));
                stamped.saturating_sub(before.map_or(0, |number| (number - 1) * frame_ms))
            });
            let since_ms = stamped.saturating_sub(base);
            if base >= EPOCH_MIN_MS { Place::Epoch { since_ms, base_ms: base } } else { Place::Milliseconds(since_ms) }
        });
    }
}

/// The application's parameters: `k=v;k=v`, JSON in a string, or `{k: v;k: v}`. Names may carry `X-PH-`.
fn headers_of(headers: &Value) -> Fields {
    let named = |name: &str| {
        let name = name.trim();
        let short = name.get(..5).filter(|prefix| prefix.eq_ignore_ascii_case("X-PH-")).and_then(|_| name.get(5..));
        short.unwrap_or(name).to_owned()
    };
    let text = match headers {
        Value::Object(fields) => return fields.iter().map(|(name, value)| (named(name), value.clone())).collect(),
        Value::String(text) => text,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return Fields::new(),
    };
    if let Ok(Value::Object(fields)) = serde_json::from_str(text) {
        return fields.into_iter().map(|(name, value)| (named(&name), value)).collect();
    }
    let trimmed = text.trim().trim_start_matches('{').trim_end_matches('}');
    let pairs = trimmed.split([';', ',']).filter_map(|pair| pair.split_once('=').or_else(|| pair.split_once(':')));
    pairs.map(|(name, value)| (named(name), value.trim().into())).collect()
}

impl Dialect for Plivo {
    fn text(&mut self, message: &str, _: u64, out: &mut Output) {
        match Message::read(message) {
            Message::Media(message) => self.media(&message, out),
            Message::Other(event, fields) => match event.as_str() {
                "start" => self.start(&fields, out),
                "stop" => out.stop(),
                "dtmf" => {
                    let track = object(&fields, "dtmf").and_then(|dtmf| track_of(word(dtmf, "track")));
                    out.dtmf(track, digit_of(&fields));
                }
                _ => out.ignore(),
            },
            Message::Malformed => out.skip("malformed"),
        }
    }

    fn ends_with_close(&self, code: u16) -> bool {
        is_regular(code)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_come_in_three_forms() {
        let expected = json!({ "caller": "+1", "team": "a" });
        for text in ["caller=+1;X-PH-team=a", r#"{"caller":"+1","X-PH-team":"a"}"#, "{caller: +1;x-ph-team: a}"] {
            assert_eq!(Value::Object(headers_of(&json!(text))), expected, "{text}");
        }
        assert!(headers_of(&json!(5)).is_empty());
    }
}
