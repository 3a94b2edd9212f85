//! Twilio Real-Time Transcription: the fields of its callbacks, as JSON. Two of them are JSON in a string.

use std::borrow::Cow;

use serde_json::Value;

use super::deepgram::word;
use crate::{
    Track,
    draft::{Draft, DraftWord, Drafts},
    json::{list, number, string, text},
};

pub(crate) fn recognizes(document: &Value) -> bool {
    let first = document.as_array().map_or(Some(document), |items| items.iter().find(|item| item.is_object()));
    first.is_some_and(|first| text(first, "TranscriptionEvent").is_some())
}

pub(crate) fn read(document: &Value, drafts: &mut Drafts) {
    match document.as_array() {
        Some(callbacks) => drafts.each("", callbacks, callback),
        None => callback(drafts, String::new(), document),
    }
}

/// A partial result has another `SequenceId` than the final one, which could not replace it.
fn callback(drafts: &mut Drafts, pointer: String, callback: &Value) {
    if text(callback, "TranscriptionEvent") != Some("transcription-content") {
        return;
    }
    let is_final = match callback.get("Final") {
        Some(Value::Bool(is_final)) => *is_final,
        other => other.and_then(Value::as_str) == Some("true"),
    };
    if !is_final {
        return drafts.skip(pointer, "Skipped: it is a partial result, which its final result repeats.");
    }
    let Some(data) = embedded(callback, "TranscriptionData") else {
        return drafts.skip(pointer, "Skipped: its TranscriptionData is not JSON.");
    };
    let id = || {
        let sequence = callback.get("SequenceId")?;
        let sequence = sequence.as_str().map_or_else(|| sequence.to_string(), ToOwned::to_owned);
        Some(format!("{}:{sequence}", text(callback, "TranscriptionSid")?))
    };
    drafts.add(Draft {
        track: match text(callback, "Track") {
            Some("inbound_track") => Some(Track::Inbound),
            Some("outbound_track") => Some(Track::Outbound),
            _ => None,
        },
        confidence: number(&data, "confidence"),
        language: string(callback, "LanguageCode"),
        words: words(callback),
        id: id(),
        ..Draft::speech(pointer, string(&data, "transcript"))
    });
}

/// The recognizer's own message, which is sent on request. Its times count from the start of the transcription.
fn words(callback: &Value) -> Vec<DraftWord> {
    let Some(data) = embedded(callback, "TranscriptionProviderData") else { return Vec::new() };
    let message = data.get("ProviderData").unwrap_or(&data);
    list(&message["channel"]["alternatives"][0], "words").iter().map(word).collect()
}

/// A field that is an object, or an object as JSON in a string.
fn embedded<'a>(callback: &'a Value, name: &str) -> Option<Cow<'a, Value>> {
    let value = callback.get(name)?;
    let value = match value.as_str() {
        Some(text) => Cow::Owned(serde_json::from_str::<Value>(text).ok()?),
        None => Cow::Borrowed(value),
    };
    value.is_object().then_some(value)
}
