//! jambonz `listen` and session recording: one text with the call's attributes and the application's metadata, then
//! binary PCM16, mono or both parties interleaved.

use super::binary::Binary;
use crate::{
    Context, Name,
    codec::Spec,
    dialect::{Dialect, is_regular},
    fields::{Fields, object, parse, small, text, word},
    opening::Draft,
    output::Output,
    recognize::JAMBONZ_PREFIX,
};

/// The fields of jambonz itself. All others are the application's.
const OWN: [&str; 26] = [
    "sampleRate",
    "mixType",
    "callSid",
    "direction",
    "from",
    "to",
    "callId",
    "sipStatus",
    "sipReason",
    "callStatus",
    "accountSid",
    "applicationSid",
    "traceId",
    "fsSipAddress",
    "fsPublicIp",
    "apiBaseUrl",
    "originatingSipIp",
    "originatingSipTrunkName",
    "callerId",
    "callerName",
    "parentCallSid",
    "localSipAddress",
    "publicIp",
    "serviceUrl",
    "callTerminationBy",
    "duration",
];

/// A stream of jambonz.
pub(crate) struct Jambonz {
    context: Context,
    audio: Option<Binary>,
}

impl Jambonz {
    pub(crate) fn new(context: Context) -> Self {
        Self { context, audio: None }
    }

    fn start(&mut self, fields: Fields, out: &mut Output) {
        let spec = Spec {
            encoding: Some("l16".to_owned()),
            rate: small(&fields, "sampleRate"),
            channels: Some(if word(&fields, "mixType") == "stereo" { 2 } else { 1 }),
        };
        let [call_id, caller, callee, direction] =
            ["callSid", "from", "to", "direction"].map(|name| text(&fields, name));
        let parameters = fields.into_iter().filter(|(name, _)| !OWN.contains(&name.as_str())).collect();
        let draft = Draft { stream_id: None, call_id, caller, callee, direction, parameters };
        self.audio = Binary::begin(Name::Jambonz, &self.context, draft, spec, out);
    }
}

impl Dialect for Jambonz {
    fn text(&mut self, message: &str, _: u64, out: &mut Output) {
        let message = message.strip_prefix(JAMBONZ_PREFIX).unwrap_or(message);
        let Some(fields) = parse(message) else { return out.skip("malformed") };
        match (word(&fields, "event"), self.audio.is_some()) {
            ("dtmf", true) => {
                let inner = object(&fields, "dtmf").and_then(|dtmf| text(dtmf, "digit"));
                out.dtmf(None, text(&fields, "dtmf").or(inner));
            }
            ("", false) if fields.contains_key("sampleRate") => self.start(fields, out),
            _ => out.ignore(),
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
}
