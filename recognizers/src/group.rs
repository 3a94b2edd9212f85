//! Makes utterances where a provider only has words.
//!
//! A new utterance starts when the speaker changes, or when a word starts 1.0 s or more after the previous one ended.
//! Its text is the words joined by the provider's delimiter, with punctuation attached.

use crate::{
    Track,
    draft::{Draft, DraftWord, Drafts},
    time::milliseconds,
};

/// The silence that ends an utterance.
const PAUSE_MS: i64 = 1_000;

/// A word or a punctuation mark of one channel.
pub(crate) struct Token {
    pub pointer: String,
    pub word: DraftWord,
    pub language: Option<String>,
    /// What stands between it and the word before.
    pub before: String,
    pub attaches: Attaches,
}

/// What a token belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attaches {
    /// It is a word.
    Word,
    /// A mark that ends the word before it.
    Previous,
    /// A mark that opens the word after it.
    Next,
}

impl Token {
    /// A word that a space separates from the one before it.
    pub(crate) fn word(pointer: String, word: DraftWord, language: Option<String>) -> Self {
        Self { pointer, word, language, before: " ".to_owned(), attaches: Attaches::Word }
    }
}

/// What is known of a channel beside its words.
#[derive(Clone, Default)]
pub(crate) struct Whole {
    /// Where its text stands in the document.
    pub pointer: String,
    pub track: Option<Track>,
    /// Its whole text, used if no word has times.
    pub text: Option<String>,
    pub confidence: Option<f64>,
    pub language: Option<String>,
}

/// Groups the tokens of one channel, in order. Without a usable word the whole text is one item without times.
pub(crate) fn group(drafts: &mut Drafts, whole: &Whole, tokens: impl IntoIterator<Item = Token>) {
    let mut groups: Vec<Draft> = Vec::new();
    let mut opening = String::new();
    // When the last word with an end of the last group was over.
    let mut ended = None;
    for token in tokens {
        let Some(text) = token.word.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) else { continue };
        match token.attaches {
            Attaches::Next => {
                opening.push_str(text);
                continue;
            }
            Attaches::Previous => {
                if let Some(group) = groups.last_mut() {
                    group.text.get_or_insert_default().push_str(text);
                }
                continue;
            }
            Attaches::Word => {}
        }
        let current = groups.last_mut().filter(|group| continues(group, ended, &token.word));
        ended = token.word.end.or(ended.filter(|_| current.is_some()));
        let opened = std::mem::take(&mut opening) + text;
        if let Some(group) = current {
            let line = group.text.get_or_insert_default();
            line.push_str(&token.before);
            line.push_str(&opened);
            group.words.push(token.word);
        } else {
            groups.push(Draft {
                label: token.word.label.clone(),
                track: whole.track,
                language: token.language.or_else(|| whole.language.clone()),
                words: vec![token.word],
                ..Draft::speech(token.pointer, Some(opened))
            });
        }
    }
    if !groups.iter().any(|group| group.words.iter().any(has_times)) {
        groups.clear();
        let text = whole.text.clone().filter(|text| !text.trim().is_empty());
        groups.extend(text.map(|text| Draft {
            track: whole.track,
            confidence: whole.confidence,
            language: whole.language.clone(),
            ..Draft::speech(whole.pointer.clone(), Some(text))
        }));
    }
    for mut draft in groups {
        draft.confidence = draft.confidence.or_else(|| mean(&draft.words));
        drafts.add(draft);
    }
}

fn has_times(word: &DraftWord) -> bool {
    word.start.is_some() && word.end.is_some()
}

/// Whether a word belongs to the utterance. A word without times is spoken where it stands.
fn continues(group: &Draft, ended: Option<f64>, word: &DraftWord) -> bool {
    let paused = match (ended, word.start) {
        (Some(ended), Some(start)) => milliseconds(start).saturating_sub(milliseconds(ended)) >= PAUSE_MS,
        _ => false,
    };
    group.label == word.label && !paused
}

/// The mean confidence of the words that have one.
pub(crate) fn mean(words: &[DraftWord]) -> Option<f64> {
    let known = words.iter().filter_map(|word| word.confidence).filter(|known| (0.0..=1.0).contains(known));
    let (sum, count) = known.fold((0.0, 0.0), |(sum, count), known| (sum + known, count + 1.0));
    (count > 0.0).then(|| sum / count)
}
