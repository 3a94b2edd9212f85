//! FreeSWITCH with `mod_audio_stream` or `mod_audio_fork`: perhaps a text with the application's metadata, then binary
//! PCM16. Nothing in it tells rate or channels, which the URL or the metadata give.

use super::binary::Binary;
use crate::{
    Context, Name,
    codec::Spec,
    dialect::{Dialect, is_regular},
    fields::{Fields, parse, small, text},
    opening::Draft,
    output::Output,
};

/// A stream of FreeSWITCH.
pub(crate) struct FreeSwitch {
    context: Context,
    audio: Option<Binary>,
}

impl FreeSwitch {
    pub(crate) fn new(context: Context) -> Self {
        Self { context, audio: None }
    }

    fn start(&mut self, mut metadata: Fields, out: &mut Output) {
        let rate = self.context.sample_rate().or_else(|| small(&metadata, "sampleRate"));
        let channels = self.context.number("channels").or_else(|| small(&metadata, "channels"));
        let call_name = ["callSid", "call_id", "uuid"].into_iter().find(|name| text(&metadata, name).is_some());
        let call_id = call_name.and_then(|name| text(&metadata, name));
        for name in ["sampleRate", "channels", call_name.unwrap_or("callSid")] {
            metadata.remove(name);
        }
        let [callee, direction] = ["to", "direction"].map(|name| text(&metadata, name));
        let draft = Draft { call_id, callee, direction, parameters: metadata, ..Draft::default() };
        let spec = Spec { encoding: Some("l16".to_owned()), rate, channels };
        self.audio = Binary::begin(Name::FreeSwitch, &self.context, draft.named_by_parameters(), spec, out);
    }
}

impl Dialect for FreeSwitch {
    fn text(&mut self, message: &str, _: u64, out: &mut Output) {
        if self.audio.is_some() {
            // Texts of the application, in between and at the end.
            return out.ignore();
        }
        self.start(parse(message).unwrap_or_default(), out);
    }

    fn binary(&mut self, bytes: &[u8], out: &mut Output) {
        if self.audio.is_none() {
            self.start(Fields::new(), out);
        }
        match &mut self.audio {
            Some(audio) => audio.message(bytes, out),
            None => out.skip("before_start"),
        }
    }

    fn ends_with_close(&self, code: u16) -> bool {
        is_regular(code)
    }
}
