//! Items of a document as their provider writes them, before they are checked.

use serde_json::Value;

use crate::{Kind, Problem, Track};

/// An item before it is checked. Times are seconds.
pub(crate) struct Draft {
    /// A JSON pointer to the item.
    pub pointer: String,
    pub kind: Kind,
    /// The diarization label, or the name of a role that has no track.
    pub label: Option<String>,
    pub track: Option<Track>,
    /// None if the text is missing or no string.
    pub text: Option<String>,
    pub start: Option<f64>,
    pub end: Option<f64>,
    pub confidence: Option<f64>,
    pub language: Option<String>,
    pub words: Vec<DraftWord>,
    pub data: Option<Value>,
    /// An id that is unique beyond the document, without the provider's name.
    pub id: Option<String>,
    pub is_final: bool,
}

impl Draft {
    /// A spoken text without anything else.
    pub(crate) fn speech(pointer: String, text: Option<String>) -> Self {
        Self {
            pointer,
            kind: Kind::Speech,
            label: None,
            track: None,
            text,
            start: None,
            end: None,
            confidence: None,
            language: None,
            words: Vec::new(),
            data: None,
            id: None,
            is_final: true,
        }
    }
}

/// A word before it is checked. Times are seconds.
#[derive(Clone, Default)]
pub(crate) struct DraftWord {
    pub text: Option<String>,
    pub start: Option<f64>,
    pub end: Option<f64>,
    pub confidence: Option<f64>,
    /// The diarization label.
    pub label: Option<String>,
}

/// An item that is not stored.
pub(crate) struct Skipped {
    pub problem: Problem,
    /// Whether it counts as skipped. A message about the whole document does not.
    pub counts: bool,
}

impl Skipped {
    pub(crate) fn new(pointer: String, detail: impl Into<String>) -> Self {
        Self { problem: Problem { pointer, detail: detail.into() }, counts: true }
    }
}

/// What a reader found, in the order of the document.
#[derive(Default)]
pub(crate) struct Drafts {
    pub items: Vec<Result<Draft, Skipped>>,
}

impl Drafts {
    pub(crate) fn add(&mut self, draft: Draft) {
        self.items.push(Ok(draft));
    }

    pub(crate) fn skip(&mut self, pointer: String, detail: impl Into<String>) {
        self.items.push(Err(Skipped::new(pointer, detail)));
    }

    /// Reports something about the whole document.
    pub(crate) fn report(&mut self, pointer: String, detail: impl Into<String>) {
        self.items.push(Err(Skipped { counts: false, ..Skipped::new(pointer, detail) }));
    }

    /// Hands each object of a list to `read`, with a pointer to it. Anything else is skipped.
    pub(crate) fn each<'a>(
        &mut self,
        pointer: &str,
        items: &'a [Value],
        mut read: impl FnMut(&mut Self, String, &'a Value),
    ) {
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("{pointer}/{index}");
            if item.is_object() {
                read(self, pointer, item);
            } else {
                self.skip(pointer, "Skipped: it is not an object.");
            }
        }
    }
}
