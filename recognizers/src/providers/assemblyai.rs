//! AssemblyAI. Times are milliseconds.

use serde_json::Value;

use crate::{
    channels::{Channels, by_channel},
    draft::{Draft, DraftWord, Drafts},
    group::{Token, Whole, group},
    json::{label, list, number, string, text, whole},
    time::MILLISECONDS,
};

pub(crate) fn recognizes(document: &Value) -> bool {
    let has = |name| document.get(name).is_some();
    text(document, "id").is_some() && text(document, "status").is_some() && (has("words") || has("utterances"))
}

pub(crate) fn read(document: &Value, drafts: &mut Drafts) {
    if text(document, "status") == Some("error") {
        let reason = text(document, "error").unwrap_or("no reason is given");
        drafts.report("/error".to_owned(), format!("The transcription failed: {reason}"));
        return;
    }
    let (utterances, words) = (list(document, "utterances"), list(document, "words"));
    let tracks = Channels::named(1, utterances.iter().chain(words).map(|item| whole(item, "channel")));
    let language = string(document, "language_code");
    drafts.each("/utterances", utterances, |drafts, pointer, utterance| {
        drafts.add(Draft {
            label: speaker(utterance, tracks),
            track: tracks.track(whole(utterance, "channel")),
            start: seconds(utterance, "start"),
            end: seconds(utterance, "end"),
            confidence: number(utterance, "confidence"),
            language: language.clone(),
            words: list(utterance, "words").iter().map(|value| word(value, tracks)).collect(),
            ..Draft::speech(pointer, string(utterance, "text"))
        });
    });
    if !utterances.is_empty() {
        return;
    }
    for (channel, words) in by_channel(words, tracks, |word| whole(word, "channel")) {
        let tokens =
            words.into_iter().map(|(at, value)| Token::word(format!("/words/{at}"), word(value, tracks), None));
        let whole = Whole {
            pointer: "/text".to_owned(),
            track: tracks.track(channel),
            text: string(document, "text"),
            confidence: number(document, "confidence"),
            language: language.clone(),
        };
        group(drafts, &whole, tokens);
    }
}

fn seconds(value: &Value, name: &str) -> Option<f64> {
    Some(number(value, name)? / MILLISECONDS)
}

/// With channels, a speaker that only repeats the channel is no label.
fn speaker(value: &Value, tracks: Channels) -> Option<String> {
    let label = label(value, "speaker")?;
    let repeats = tracks.count() && whole(value, "channel").is_some_and(|channel| label == channel.to_string());
    (!repeats).then_some(label)
}

fn word(word: &Value, tracks: Channels) -> DraftWord {
    DraftWord {
        text: string(word, "text"),
        start: seconds(word, "start"),
        end: seconds(word, "end"),
        confidence: number(word, "confidence"),
        label: speaker(word, tracks),
    }
}
