//! Amazon Transcribe. Times are seconds in strings, and only words have them.

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    channels::Channels,
    draft::{DraftWord, Drafts},
    group::{Attaches, Token, Whole, group},
    json::{has_list, label, list, number, string, text},
};

pub(crate) fn recognizes(document: &Value) -> bool {
    document.get("results").is_some_and(|results| results.is_object() && has_list(results, "transcripts"))
}

/// Groups the words of each channel, or of the whole document. `audio_segments` repeats them and is not read.
pub(crate) fn read(document: &Value, drafts: &mut Drafts) {
    let results = &document["results"];
    let labels = labels(results);
    let whole = Whole {
        pointer: "/results/transcripts/0/transcript".to_owned(),
        text: results.pointer("/transcripts/0/transcript").and_then(Value::as_str).map(ToOwned::to_owned),
        // Of several languages none is that of all words.
        language: string(results, "language_code").filter(|_| !has_list(results, "language_codes")),
        ..Whole::default()
    };
    let channels = results.get("channel_labels").map_or(&[][..], |labels| list(labels, "channels"));
    let tokens = |pointer: String, value| {
        let items = list(value, "items").iter().enumerate();
        items.map(|(at, item)| token(format!("{pointer}/items/{at}"), item, &labels)).collect::<Vec<_>>()
    };
    if channels.is_empty() {
        return group(drafts, &whole, tokens("/results".to_owned(), results));
    }
    let tracks = Channels::declared(0, channels.len());
    for (index, channel) in channels.iter().enumerate() {
        let track = tracks.track(i64::try_from(index).ok());
        let tokens = tokens(format!("/results/channel_labels/channels/{index}"), channel);
        // The text of the document is that of all channels.
        let whole = Whole { track, text: whole.text.clone().filter(|_| !tracks.count()), ..whole.clone() };
        group(drafts, &whole, tokens);
    }
}

/// The labels of old documents, by the start of their words.
fn labels(results: &Value) -> HashMap<&str, String> {
    let segments = results.get("speaker_labels").map_or(&[][..], |labels| list(labels, "segments"));
    let items = segments.iter().flat_map(|segment| list(segment, "items"));
    items.filter_map(|item| Some((text(item, "start_time")?, label(item, "speaker_label")?))).collect()
}

fn token(pointer: String, item: &Value, labels: &HashMap<&str, String>) -> Token {
    let alternative = &item["alternatives"][0];
    let of_segment = || labels.get(text(item, "start_time")?).cloned();
    let word = DraftWord {
        text: string(alternative, "content"),
        start: number(item, "start_time"),
        end: number(item, "end_time"),
        confidence: number(alternative, "confidence"),
        label: label(item, "speaker_label").or_else(of_segment),
    };
    let is_mark = text(item, "type") == Some("punctuation");
    Token { attaches: if is_mark { Attaches::Previous } else { Attaches::Word }, ..Token::word(pointer, word, None) }
}
