//! ElevenLabs Scribe. Times are seconds, and only words have them. Two words are joined by a space only where a
//! `spacing` token lies between them, as Japanese has none.

use serde_json::Value;

use crate::{
    channels::{Channels, by_channel},
    draft::{DraftWord, Drafts},
    group::{Token, Whole, group},
    json::{has_list, label, list, number, string, text, whole},
};

pub(crate) fn recognizes(document: &Value) -> bool {
    let is_one =
        |one: &Value| one.get("language_code").is_some() && has_list(one, "words") && one.get("status").is_none();
    is_one(document) || list(document, "transcripts").iter().any(is_one)
}

/// Reads one transcript, whose words may name their channels, or one transcript a channel.
pub(crate) fn read(document: &Value, drafts: &mut Drafts) {
    if has_list(document, "transcripts") {
        let transcripts = list(document, "transcripts");
        let tracks = Channels::named(0, transcripts.iter().map(|one| whole(one, "channel_index")));
        drafts.each("/transcripts", transcripts, |drafts, pointer, one| {
            let words: Vec<_> = list(one, "words").iter().enumerate().collect();
            channel(drafts, &pointer, one, words, tracks, whole(one, "channel_index"));
        });
        return;
    }
    let words = list(document, "words");
    let tracks = Channels::named(0, words.iter().map(|word| whole(word, "channel_index")));
    for (number, words) in by_channel(words, tracks, |word| whole(word, "channel_index")) {
        channel(drafts, "", document, words, tracks, number);
    }
}

fn channel(
    drafts: &mut Drafts,
    pointer: &str,
    transcript: &Value,
    words: Vec<(usize, &Value)>,
    tracks: Channels,
    number: Option<i64>,
) {
    let whole = Whole {
        pointer: format!("{pointer}/text"),
        track: tracks.track(number),
        text: string(transcript, "text"),
        language: string(transcript, "language_code"),
        confidence: None,
    };
    let mut spaced = false;
    let tokens = words.into_iter().filter_map(|(at, value)| {
        if text(value, "type") == Some("spacing") {
            spaced = true;
            return None;
        }
        let before = if std::mem::take(&mut spaced) { " " } else { "" };
        Some(Token { before: before.to_owned(), ..Token::word(format!("{pointer}/words/{at}"), word(value), None) })
    });
    group(drafts, &whole, tokens);
}

fn word(word: &Value) -> DraftWord {
    DraftWord {
        text: string(word, "text"),
        start: number(word, "start"),
        end: number(word, "end"),
        confidence: number(word, "logprob").map(f64::exp),
        label: label(word, "speaker_id"),
    }
}
