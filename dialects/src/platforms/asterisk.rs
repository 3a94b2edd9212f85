//! Asterisk's `chan_websocket`: a line of text or JSON, then binary messages in the channel's codec.

use serde_json::Value;

use super::binary::Binary;
use crate::{
    Context, Name,
    codec::Spec,
    dialect::Dialect,
    fields::{Fields, object, parse, small, text, word},
    opening::Draft,
    output::Output,
};

/// A stream of Asterisk.
pub(crate) struct Asterisk {
    context: Context,
    audio: Option<Binary>,
}

impl Asterisk {
    pub(crate) fn new(context: Context) -> Self {
        Self { context, audio: None }
    }

    fn start(&mut self, fields: &Fields, out: &mut Output) {
        if self.audio.is_some() {
            return out.skip("second_start");
        }
        let channel_id = text(fields, "channel_id");
        let of_url = |name: &str| self.context.parameter(name).map(str::to_owned);
        let variables = object(fields, "channel_variables");
        let draft = Draft {
            stream_id: of_url("streamSid").or_else(|| channel_id.clone()),
            call_id: of_url("callSid").or(channel_id),
            caller: variables.and_then(|variables| text(variables, "CALLER")),
            ..Draft::default()
        };
        let named = text(fields, "format").or_else(|| of_url("encoding"));
        // Older versions do not name the codec; 20 ms of mu-law are the one thing that a size tells.
        let by_size = || small(fields, "optimal_frame_size").map(|size| if size == 160 { "ulaw" } else { "unnamed" });
        let named = named.or_else(|| by_size().map(str::to_owned));
        self.audio = Binary::begin(Name::Asterisk, &self.context, draft, spec_of(named), out);
    }
}

/// Asterisk's names for its codecs: `slin16` is PCM16 at 16 kHz.
fn spec_of(named: Option<String>) -> Spec {
    let Some(name) = named else { return Spec::default() };
    let rate = match name.strip_prefix("slin") {
        None => return Spec { encoding: Some(name), rate: None, channels: Some(1) },
        Some("") => 8_000,
        Some("44") => 44_100,
        Some(kilohertz) => match kilohertz.parse::<u32>() {
            Ok(kilohertz) => kilohertz.saturating_mul(1_000),
            Err(_) => return Spec { encoding: Some(name), rate: None, channels: Some(1) },
        },
    };
    Spec { encoding: Some("slin".to_owned()), rate: Some(rate), channels: Some(1) }
}

/// An event as a line: its name, then `name:value`, separated by spaces.
fn line(message: &str) -> (String, Fields) {
    let mut words = message.split_ascii_whitespace();
    let event = words.next().unwrap_or_default().to_owned();
    let pairs = words.filter_map(|word| word.split_once(':'));
    (event, pairs.map(|(name, value)| (name.to_owned(), Value::from(value))).collect())
}

impl Dialect for Asterisk {
    fn text(&mut self, message: &str, _: u64, out: &mut Output) {
        let (event, fields) = match parse(message) {
            Some(fields) => (word(&fields, "event").to_owned(), fields),
            None => line(message),
        };
        match event.as_str() {
            "MEDIA_START" => self.start(&fields, out),
            "DTMF_END" => out.dtmf(None, text(&fields, "digit")),
            _ => out.ignore(),
        }
    }

    fn binary(&mut self, bytes: &[u8], out: &mut Output) {
        match &mut self.audio {
            Some(audio) => audio.message(bytes, out),
            None => out.skip("before_start"),
        }
    }

    /// The code may be the channel's cause of hanging up.
    fn ends_with_close(&self, _: u16) -> bool {
        true
    }
}
