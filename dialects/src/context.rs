//! What the handshake tells about a stream, beside its messages.

use std::collections::BTreeMap;

/// Parameters that have a meaning of their own. Others become `customData`.
const KNOWN: [&str; 12] = [
    "streamSid",
    "callSid",
    "caller",
    "callee",
    "agent",
    "direction",
    "sampleRate",
    "sample-rate",
    "encoding",
    "channels",
    "byteOrder",
    "token",
];

/// The handshake of a stream.
#[derive(Clone, Default)]
pub struct Context {
    pub(crate) query: BTreeMap<String, String>,
    /// The subprotocol that was selected.
    pub subprotocol: Option<&'static str>,
    /// The organization that a Genesys handshake names.
    pub organization: Option<String>,
    /// A unique id, for a stream whose platform gives it none.
    pub fresh_id: String,
}

impl Context {
    /// A handshake with the parameters of its URL, decoded. Of a name that comes twice, the first counts.
    #[must_use]
    pub fn new(query: impl IntoIterator<Item = (String, String)>, fresh_id: String) -> Self {
        let mut kept = BTreeMap::new();
        for (name, value) in query {
            kept.entry(name).or_insert(value);
        }
        Self { query: kept, fresh_id, ..Self::default() }
    }

    /// A parameter that is not empty.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A parameter that is a number.
    pub(crate) fn number(&self, name: &str) -> Option<u32> {
        self.parameter(name)?.trim().parse().ok()
    }

    /// The sample rate of the URL, in hertz.
    pub(crate) fn sample_rate(&self) -> Option<u32> {
        self.number("sampleRate").or_else(|| self.number("sample-rate"))
    }

    /// Whether samples are big-endian, if the URL says so.
    pub(crate) fn big_endian(&self) -> Option<bool> {
        match self.parameter("byteOrder")? {
            "big" => Some(true),
            "little" => Some(false),
            _ => None,
        }
    }

    /// The parameters without a meaning of their own.
    pub(crate) fn others(&self) -> impl Iterator<Item = (&String, &String)> {
        self.query.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str()))
    }
}

/// The subprotocols that platforms offer, and that have to be selected where they are.
pub const SUBPROTOCOLS: [&str; 3] = ["audio.jambonz.org", "audio.drachtio.org", "media"];
