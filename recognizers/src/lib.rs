//! Reads transcripts in the forms in which speech recognizers and voice platforms return them.
//!
//! [`read`] takes a document unchanged, recognizes its provider and returns [`Utterance`]s in one form: times in
//! seconds from the start of the recording, words with their times, speakers, and the track where the document says it.
//! A bad item never costs the others: it is repaired or skipped, and [`Reading::problems`] says which and why.
//!
//! The way of a document: `provider` recognizes it, one module of `providers` turns it into drafts, `group` makes
//! utterances where a provider only has words, `repair` checks drafts, and `identity` gives each utterance the id by
//! which a second import finds it again.

mod channels;
mod draft;
mod group;
mod identity;
mod json;
mod language;
mod provider;
mod providers;
mod repair;
mod time;

use std::collections::HashMap;

use serde_json::{Map, Value};

pub use language::{is_language_tag, language_tag};
pub use provider::Provider;

use draft::Drafts;

/// Most problems that a reading lists.
pub const PROBLEMS_MAX: usize = 100;
/// Longest text of an utterance, in characters.
pub const TEXT_MAX_CHARS: usize = 32_768;
/// Latest time inside a call, in seconds: 12 hours.
pub const TIME_MAX_SECONDS: f64 = 43_200.0;
/// Most words of an utterance.
pub const WORDS_MAX: usize = 5_000;
/// Longest name of a speaker, in characters.
pub const SPEAKER_MAX_CHARS: usize = 128;
/// Longest `external_id`, in characters.
pub const EXTERNAL_ID_MAX_CHARS: usize = 128;
/// Longest JSON of `data`, in bytes.
pub const DATA_MAX_BYTES: usize = 64 * 1024;
/// Most objects and arrays in a document. An empty object takes hundreds of bytes of memory.
pub const VALUES_MAX: usize = 250_000;
/// Deepest nesting of `data`.
pub const DATA_MAX_DEPTH: usize = 16;

/// What kind of entry an utterance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Somebody spoke.
    Speech,
    /// The agent called a tool.
    ToolCall,
    /// A tool answered.
    ToolResult,
    /// Anything else, such as a key press.
    Note,
}

impl Kind {
    /// The name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Speech => "speech",
            Self::ToolCall => "tool_call",
            Self::ToolResult => "tool_result",
            Self::Note => "note",
        }
    }
}

/// The side of a call that an utterance was spoken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Track {
    /// The caller.
    Inbound,
    /// The agent.
    Outbound,
}

impl Track {
    /// The name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }

    /// Who speaks on this track unless the document names somebody.
    #[must_use]
    pub const fn speaker(self) -> &'static str {
        match self {
            Self::Inbound => "caller",
            Self::Outbound => "agent",
        }
    }
}

/// A spoken word.
#[derive(Clone, PartialEq)]
pub struct Word {
    /// The word, trimmed.
    pub text: String,
    /// Seconds from the start of the recording, to 1 ms.
    pub start_time: f64,
    /// Seconds from the start of the recording, to 1 ms, not before `start_time`.
    pub end_time: f64,
    /// The recognizer's confidence, 0 to 1.
    pub confidence: Option<f64>,
}

/// An entry of a transcript. It has no `Debug`, because it is personal data.
#[derive(Clone, PartialEq)]
pub struct Utterance {
    /// Unique in its call, and the same when the document is read again: 1 to 128 visible ASCII characters.
    pub external_id: String,
    /// What kind of entry it is.
    pub kind: Kind,
    /// The side of the call, where the document says it.
    pub track: Option<Track>,
    /// Who spoke: the document's label, else the track's speaker, else `unknown`.
    pub speaker: String,
    /// The text: 1 to 32,768 characters.
    pub text: String,
    /// Seconds from the start of the recording, to 1 ms.
    pub start_time: Option<f64>,
    /// Seconds from the start of the recording, to 1 ms, not before `start_time`.
    pub end_time: Option<f64>,
    /// The recognizer's confidence, 0 to 1.
    pub confidence: Option<f64>,
    /// A BCP 47 tag.
    pub language: Option<String>,
    /// The words in order of their start. Empty where the document has none with times.
    pub words: Vec<Word>,
    /// The arguments of a tool call, or what else is known of its result.
    pub data: Option<Map<String, Value>>,
    /// Whether the recognizer is done with it. An interim result is replaced by a later one with the same id.
    pub is_final: bool,
}

/// What was wrong with an item. It holds no text of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A JSON pointer to the item. Cues of captions are `/cues/0`, `/cues/1` and so on.
    pub pointer: String,
    /// What was wrong, and whether the item was repaired or skipped.
    pub detail: String,
}

/// How the bytes of a document are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON. Its provider is recognized by its shape.
    Json,
    /// WebVTT (`text/vtt`).
    WebVtt,
    /// SubRip (`application/x-subrip`).
    SubRip,
}

/// What a document holds.
pub struct Reading {
    /// The provider, as given or recognized.
    pub provider: Provider,
    /// The utterances, each with an id of its own, in the order of the document.
    pub utterances: Vec<Utterance>,
    /// How many items were replaced by a later one of the same id.
    pub duplicates: usize,
    /// How many items could not be used.
    pub skipped: usize,
    /// The first 100 items that were repaired or skipped.
    pub problems: Vec<Problem>,
}

/// Why a document cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The bytes are no JSON.
    #[error("the document is not JSON: {0}")]
    NotJson(serde_json::Error),
    /// The JSON is nested more than 127 levels deep.
    #[error("the document is nested more than 127 levels deep")]
    TooDeep,
    /// The document has more than 250,000 objects and arrays.
    #[error("the document has more than 250,000 objects and arrays")]
    TooMany,
    /// No provider returns JSON of this shape, or the named one does not.
    #[error("no known transcript format has this shape")]
    Unknown,
}

impl Unreadable {
    /// serde_json tells its depth limit only by this message.
    fn of(error: serde_json::Error) -> Self {
        if error.to_string().starts_with("recursion limit exceeded") { Self::TooDeep } else { Self::NotJson(error) }
    }
}

/// Reads a document. Invalid UTF-8 becomes U+FFFD, and a byte order mark is ignored. A `provider` switches recognition
/// off.
///
/// # Errors
/// `NotJson`, `TooDeep`, `TooMany` or `Unknown`. A document that is recognized but holds nothing is no error.
///
/// # Examples
/// ```
/// let document = br#"[{"start": 0.0, "end": 1.25, "text": " Hello.", "words": null}]"#;
/// let reading = recognizers::read(document, recognizers::Form::Json, None)?;
/// assert_eq!(reading.provider.name(), "faster_whisper");
/// assert_eq!((reading.utterances[0].text.as_str(), reading.utterances[0].end_time), ("Hello.", Some(1.25)));
/// # Ok::<(), recognizers::Unreadable>(())
/// ```
pub fn read(document: &[u8], form: Form, provider: Option<Provider>) -> Result<Reading, Unreadable> {
    let document = document.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(document);
    let text = String::from_utf8_lossy(document);
    let named = provider.or(match form {
        Form::Json => None,
        Form::WebVtt => Some(Provider::WebVtt),
        Form::SubRip => Some(Provider::SubRip),
    });
    let mut drafts = Drafts::default();
    let provider = match named {
        Some(Provider::WebVtt | Provider::SubRip) if !providers::captions::recognizes(&text) => {
            return Err(Unreadable::Unknown);
        }
        Some(Provider::WebVtt) => {
            providers::captions::read_webvtt(&text, &mut drafts);
            Provider::WebVtt
        }
        Some(Provider::SubRip) => {
            providers::captions::read_subrip(&text, &mut drafts);
            Provider::SubRip
        }
        named => {
            let brackets = text.bytes().filter(|byte| matches!(byte, b'{' | b'['));
            if brackets.count() > VALUES_MAX {
                return Err(Unreadable::TooMany);
            }
            let value = serde_json::from_str(&text).map_err(Unreadable::of)?;
            let (provider, read) = provider::reader(&value, named).ok_or(Unreadable::Unknown)?;
            read(&value, &mut drafts);
            provider
        }
    };
    Ok(collect(provider, drafts))
}

/// Checks each draft, and keeps the last utterance of each id in the place of the first.
fn collect(provider: Provider, drafts: Drafts) -> Reading {
    let mut reading = Reading { provider, utterances: Vec::new(), duplicates: 0, skipped: 0, problems: Vec::new() };
    let mut ids = identity::Ids::new(provider);
    let mut places = HashMap::<String, usize>::new();
    for item in drafts.items {
        match item.and_then(|draft| repair::repair(provider, draft)) {
            Ok(repaired) => {
                tell(&mut reading.problems, repaired.problem);
                let utterance = ids.name(repaired.id, repaired.utterance);
                if let Some(&place) = places.get(&utterance.external_id) {
                    reading.utterances[place] = utterance;
                    reading.duplicates += 1;
                } else {
                    places.insert(utterance.external_id.clone(), reading.utterances.len());
                    reading.utterances.push(utterance);
                }
            }
            Err(skipped) => {
                reading.skipped += usize::from(skipped.counts);
                tell(&mut reading.problems, Some(skipped.problem));
            }
        }
    }
    reading
}

fn tell(problems: &mut Vec<Problem>, problem: Option<Problem>) {
    if problems.len() < PROBLEMS_MAX {
        problems.extend(problem);
    }
}
