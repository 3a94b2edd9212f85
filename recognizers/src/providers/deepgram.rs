//! Deepgram, prerecorded and live. Times are seconds. Of several alternatives only the first counts.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    channels::Channels,
    draft::{Draft, DraftWord, Drafts},
    group::{Token, Whole, group},
    json::{has_list, label, list, number, string, text, whole},
    time::milliseconds,
};

/// A prerecorded document.
pub(crate) fn is_prerecorded(document: &Value) -> bool {
    document.get("results").is_some_and(|results| results.is_object() && has_list(results, "channels"))
}

/// Reads `utterances`, which a document has on request only, else groups the words of each channel.
pub(crate) fn read_prerecorded(document: &Value, drafts: &mut Drafts) {
    let results = &document["results"];
    let channels = list(results, "channels");
    let tracks = Channels::declared(0, channels.len());
    let utterances = list(results, "utterances");
    drafts.each("/results/utterances", utterances, |drafts, pointer, utterance| {
        let channel = whole(utterance, "channel");
        let of = channel.and_then(|channel| channels.get(usize::try_from(channel).ok()?));
        drafts.add(Draft {
            label: label(utterance, "speaker"),
            track: tracks.track(channel),
            start: number(utterance, "start"),
            end: number(utterance, "end"),
            confidence: number(utterance, "confidence"),
            language: of.or(channels.first()).and_then(language),
            words: list(utterance, "words").iter().map(word).collect(),
            id: string(utterance, "id"),
            ..Draft::speech(pointer, string(utterance, "transcript"))
        });
    });
    if !utterances.is_empty() {
        return;
    }
    for (index, channel) in channels.iter().enumerate() {
        let alternative = &channel["alternatives"][0];
        let pointer = format!("/results/channels/{index}/alternatives/0");
        let whole = Whole {
            track: tracks.track(i64::try_from(index).ok()),
            text: string(alternative, "transcript"),
            confidence: number(alternative, "confidence"),
            language: language(channel),
            pointer,
        };
        let words = list(alternative, "words").iter().enumerate();
        group(
            drafts,
            &whole,
            words.map(|(at, value)| Token::word(format!("{}/words/{at}", whole.pointer), word(value), None)),
        );
    }
}

fn language(channel: &Value) -> Option<String> {
    let spoken = || channel.pointer("/alternatives/0/languages/0")?.as_str().map(ToOwned::to_owned);
    string(channel, "detected_language").or_else(spoken)
}

/// A word of any of Deepgram's documents.
pub(crate) fn word(word: &Value) -> DraftWord {
    DraftWord {
        text: string(word, "punctuated_word").or_else(|| string(word, "word")),
        start: number(word, "start"),
        end: number(word, "end"),
        confidence: number(word, "confidence"),
        label: label(word, "speaker"),
    }
}

/// A message of a live stream, or an array that holds one.
pub(crate) fn is_live(document: &Value) -> bool {
    document.as_array().map_or_else(|| is_message(document), |messages| messages.iter().any(is_message))
}

fn is_message(message: &Value) -> bool {
    text(message, "type") == Some("Results")
        && message.get("channel").is_some_and(|channel| has_list(channel, "alternatives"))
}

/// Reads the messages of a live stream. Other types of message are passed over.
pub(crate) fn read_live(document: &Value, drafts: &mut Drafts) {
    match document.as_array() {
        Some(messages) => drafts.each("", messages, message),
        None => message(drafts, String::new(), document),
    }
}

/// A segment begins and ends in silence, so its words say when it was spoken.
fn message(drafts: &mut Drafts, pointer: String, message: &Value) {
    let alternative = &message["channel"]["alternatives"][0];
    let spoken = string(alternative, "transcript");
    if !is_message(message) || spoken.as_deref().is_some_and(|text| text.trim().is_empty()) {
        return;
    }
    let index = |at: usize| message["channel_index"].get(at)?.as_i64();
    let count = index(1).and_then(|count| usize::try_from(count).ok()).unwrap_or(1);
    let words: Vec<DraftWord> = list(alternative, "words").iter().map(word).collect();
    let start = number(message, "start");
    let end = start.zip(number(message, "duration")).map(|(start, duration)| start + duration);
    let id = || {
        Some(format!(
            "{}:{}:{}",
            text(&message["metadata"], "request_id")?,
            index(0).unwrap_or(0),
            milliseconds(start?)
        ))
    };
    let has_times = words.iter().any(|word| word.start.is_some() && word.end.is_some());
    drafts.add(Draft {
        label: most_words(&words),
        track: Channels::declared(0, count).track(index(0)),
        start: start.filter(|_| !has_times),
        end: end.filter(|_| !has_times),
        confidence: number(alternative, "confidence"),
        language: alternative.pointer("/languages/0").and_then(Value::as_str).map(ToOwned::to_owned),
        id: id(),
        is_final: message.get("is_final").and_then(Value::as_bool) != Some(false),
        words,
        ..Draft::speech(pointer, spoken)
    });
}

/// The label of most words, the first of several.
fn most_words(words: &[DraftWord]) -> Option<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for label in words.iter().filter_map(|word| word.label.as_deref()) {
        *counts.entry(label).or_default() += 1;
    }
    let most = counts.values().max().copied()?;
    let mut labels = words.iter().filter_map(|word| word.label.as_deref());
    labels.find(|label| counts.get(label) == Some(&most)).map(ToOwned::to_owned)
}
