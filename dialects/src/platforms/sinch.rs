//! Sinch's `connectStream`: a command that has to be answered, then binary PCM16.

use super::binary::Binary;
use crate::{
    Context, Name,
    codec::Spec,
    dialect::{Dialect, is_regular},
    fields::{object_or_text, parse, small, text, word},
    opening::Draft,
    output::Output,
};

/// A stream of Sinch.
pub(crate) struct Sinch {
    context: Context,
    audio: Option<Binary>,
}

impl Sinch {
    pub(crate) fn new(context: Context) -> Self {
        Self { context, audio: None }
    }
}

impl Dialect for Sinch {
    fn text(&mut self, message: &str, _: u64, out: &mut Output) {
        let Some(fields) = parse(message) else { return out.skip("malformed") };
        if word(&fields, "command") != "connect" {
            return out.ignore();
        }
        if self.audio.is_some() {
            return out.skip("second_start");
        }
        let draft = Draft {
            call_id: text(&fields, "callId"),
            parameters: object_or_text(&fields, "callHeaders").unwrap_or_default(),
            ..Draft::default()
        };
        let spec = Spec { encoding: text(&fields, "codec"), rate: small(&fields, "sampleRate"), channels: Some(1) };
        self.audio = Binary::begin(Name::Sinch, &self.context, draft, spec, out);
        if self.audio.is_some() {
            out.answer(r#"{"command":"answer"}"#.to_owned());
        }
    }

    fn binary(&mut self, bytes: &[u8], out: &mut Output) {
        match &mut self.audio {
            Some(audio) => audio.message(bytes, out),
            None => out.skip("before_start"),
        }
    }

    fn ends_with_close(&self, code: u16) -> bool {
        is_regular(code)
    }

    fn refusal(&mut self, _: bool, _: &str) -> Option<String> {
        Some(r#"{"command":"reject"}"#.to_owned())
    }
}
