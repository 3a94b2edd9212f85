//! Google Speech-to-Text, v1 and v2. Times are protobuf durations. A confidence of 0 means that it is not set.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    channels::Channels,
    draft::{Draft, DraftWord, Drafts},
    group::{Token, Whole, group},
    json::{label, list, number, string, whole},
    time::protobuf,
};

pub(crate) fn recognizes(document: &Value) -> bool {
    let first = list(document, "results").iter().find(|item| item.is_object());
    first.is_some_and(|first| list(first, "alternatives").iter().any(|one| one.get("transcript").is_some()))
}

/// Reads results, and groups words of several speakers.
///
/// Diarization in v1 repeats all words in the last result, and only there they have labels: then that one alone is
/// read.
pub(crate) fn read(document: &Value, drafts: &mut Drafts) {
    let results = list(document, "results");
    let tracks = Channels::named(1, results.iter().map(|result| whole(result, "channelTag")));
    let repeats = repeats_all(results);
    drafts.each("/results", results, |drafts, pointer, result| {
        if repeats.is_some_and(|last| !std::ptr::eq(last, result)) {
            return;
        }
        let alternative = &result["alternatives"][0];
        let words = words(result);
        let labels: BTreeSet<_> = words.iter().filter_map(|word| word.label.as_deref()).collect();
        let track = tracks.track(whole(result, "channelTag"));
        let language = string(result, "languageCode");
        let (text, confidence) = (string(alternative, "transcript"), confidence(alternative));
        if repeats.is_some() || labels.len() > 1 {
            let whole = Whole { pointer, track, text, confidence, language };
            let tokens = words
                .into_iter()
                .enumerate()
                .map(|(at, word)| Token::word(format!("{}/alternatives/0/words/{at}", whole.pointer), word, None));
            return group(drafts, &whole, tokens);
        }
        let end = result.get("resultEndOffset").or_else(|| result.get("resultEndTime")).and_then(protobuf);
        drafts.add(Draft {
            label: labels.first().map(|label| (*label).to_owned()),
            track,
            end: end.filter(|_| !words.iter().any(|word| word.end.is_some())),
            confidence,
            language,
            words,
            ..Draft::speech(pointer, text)
        });
    });
}

/// The last result with words, if its words have labels and those of earlier results have none.
fn repeats_all(results: &[Value]) -> Option<&Value> {
    let has_labels = |result: &&Value| words(result).iter().any(|word| word.label.is_some());
    let mut with_words = results.iter().filter(|result| !words(result).is_empty());
    let last = with_words.next_back()?;
    let mut earlier = with_words.peekable();
    let repeats = earlier.peek().is_some() && has_labels(&last) && !earlier.any(|result| has_labels(&result));
    repeats.then_some(last)
}

fn words(result: &Value) -> Vec<DraftWord> {
    let words = list(&result["alternatives"][0], "words");
    words.iter().map(word).collect()
}

/// A word. An absent start is 0, which protobuf leaves out.
fn word(word: &Value) -> DraftWord {
    let time = |names: [&str; 2]| names.iter().find_map(|name| word.get(name)).and_then(protobuf);
    let tag = label(word, "speakerTag").filter(|tag| tag != "speaker_0");
    let named = label(word, "speakerLabel").map(|label| {
        let is_number = label.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { format!("speaker_{label}") } else { label }
    });
    let end = time(["endOffset", "endTime"]);
    DraftWord {
        text: string(word, "word"),
        start: time(["startOffset", "startTime"]).or(end.map(|_| 0.0)),
        end,
        confidence: confidence(word),
        label: named.or(tag),
    }
}

fn confidence(value: &Value) -> Option<f64> {
    number(value, "confidence").filter(|confidence| *confidence > 0.0)
}
