//! faster-whisper: an array of its segments as dictionaries, since the library has no JSON of its own. Times are
//! seconds.

use serde_json::Value;

use super::openai::{segment, word};
use crate::{
    draft::{Draft, Drafts},
    json::list,
};

pub(crate) fn recognizes(document: &Value) -> bool {
    let first = document.as_array().and_then(|items| items.iter().find(|item| item.is_object()));
    first.is_some_and(|first| ["start", "end", "text"].iter().all(|name| first.get(name).is_some()))
}

pub(crate) fn read(document: &Value, drafts: &mut Drafts) {
    let segments = document.as_array().map_or(&[][..], Vec::as_slice);
    drafts.each("", segments, |drafts, pointer, value| {
        let words = list(value, "words").iter().map(word).collect();
        drafts.add(Draft { words, ..segment(pointer, value) });
    });
}
