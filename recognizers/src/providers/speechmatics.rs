//! Speechmatics. Times are seconds, and only words have them. Words are joined by the language's own delimiter.

use serde_json::Value;

use crate::{
    channels::{Channels, by_channel},
    draft::{DraftWord, Drafts},
    group::{Attaches, Token, Whole, group},
    json::{label, list, number, string, text},
};

pub(crate) fn recognizes(document: &Value) -> bool {
    let first = list(document, "results").iter().find(|item| item.is_object());
    first.is_some_and(|first| first.get("type").is_some() && first.get("start_time").is_some())
}

pub(crate) fn read(document: &Value, drafts: &mut Drafts) {
    let results = list(document, "results");
    let metadata = &document["metadata"];
    let delimiter = metadata.pointer("/language_pack_info/word_delimiter").and_then(Value::as_str).unwrap_or(" ");
    let names: Vec<&str> = metadata
        .pointer("/transcription_config/channel_diarization_labels")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let number_of = |result: &Value| channel(result, &names);
    let tracks = Channels::named(1, results.iter().map(number_of));
    for (number, results) in by_channel(results, tracks, number_of) {
        let language = metadata.get("transcription_config").and_then(|config| string(config, "language"));
        let whole = Whole { track: tracks.track(number), language, ..Whole::default() };
        let tokens = results.into_iter().map(|(at, result)| token(format!("/results/{at}"), result, delimiter));
        group(drafts, &whole, tokens);
    }
}

/// The number of a channel: from its own name, else from its place among the configured names.
fn channel(result: &Value, names: &[&str]) -> Option<i64> {
    let name = text(result, "channel")?;
    let numbered = || name.strip_prefix("channel_")?.parse().ok();
    let place = names.iter().position(|known| *known == name).and_then(|place| i64::try_from(place + 1).ok());
    place.or_else(numbered)
}

fn token(pointer: String, result: &Value, delimiter: &str) -> Token {
    let written = result.pointer("/written_form/0/alternatives/0").filter(|_| text(result, "type") == Some("entity"));
    let alternative = written.unwrap_or(&result["alternatives"][0]);
    let spoken = &result["alternatives"][0];
    let is_mark = text(result, "type") == Some("punctuation");
    let word = DraftWord {
        text: string(alternative, "content"),
        start: number(result, "start_time"),
        end: number(result, "end_time"),
        confidence: number(alternative, "confidence"),
        label: label(alternative, "speaker").or_else(|| label(spoken, "speaker")).filter(|label| label != "UU"),
    };
    let attaches = match (is_mark, text(result, "attaches_to")) {
        (false, _) => Attaches::Word,
        (true, Some("next")) => Attaches::Next,
        (true, _) => Attaches::Previous,
    };
    let language = string(alternative, "language").or_else(|| string(spoken, "language"));
    Token { pointer, word, language, before: delimiter.to_owned(), attaches }
}
