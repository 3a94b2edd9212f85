//! Twilio Conversational Intelligence: the sentences of a recording. Times are seconds.

use serde_json::Value;

use crate::{
    channels::Channels,
    draft::{Draft, DraftWord, Drafts},
    json::{list, number, string, text, whole},
};

pub(crate) fn recognizes(document: &Value) -> bool {
    list(document, "sentences").iter().any(|sentence| text(sentence, "transcript").is_some())
}

/// Channels begin at 1, and at 0 in old documents. Which party is on the first one depends on the recording.
pub(crate) fn read(document: &Value, drafts: &mut Drafts) {
    let sentences = list(document, "sentences");
    let channel = |sentence: &Value| whole(sentence, "media_channel");
    let first = if sentences.iter().any(|sentence| channel(sentence) == Some(0)) { 0 } else { 1 };
    let tracks = Channels::named(first, sentences.iter().map(channel));
    drafts.each("/sentences", sentences, |drafts, pointer, sentence| {
        drafts.add(Draft {
            track: tracks.track(channel(sentence)),
            start: number(sentence, "start_time"),
            end: number(sentence, "end_time"),
            confidence: number(sentence, "confidence"),
            words: list(sentence, "words").iter().map(word).collect(),
            id: string(sentence, "sid"),
            ..Draft::speech(pointer, string(sentence, "transcript"))
        });
    });
}

fn word(word: &Value) -> DraftWord {
    DraftWord {
        text: string(word, "word"),
        start: number(word, "start_time"),
        end: number(word, "end_time"),
        confidence: number(word, "confidence"),
        label: None,
    }
}
