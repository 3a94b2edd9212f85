//! Cuts texts into words and folds them.
//!
//! The same folding makes the index, reads queries and marks snippets. A change of it would make stored entries differ
//! from queries, so it needs a migration that indexes all transcripts anew.
//!
//! Folded: case, width and ligatures (NFKD), and accents, Hebrew points and Arabic vowel signs. Kept: everything by
//! which words differ for a reader who writes carefully, such as vowel signs of Indic scripts.

use std::ops::Range;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Longest word, in characters. A longer run is cut into several words.
pub(super) const WORD_MAX: usize = 64;

/// A folded word, and the bytes of the text that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub text: String,
    pub range: Range<usize>,
}

/// The words of a text, in order.
///
/// Ranges are those of whole characters, marks included, and never overlap; letters that fold to several share a range.
/// The time is linear in the text.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut cutter = Cutter::default();
    for (at, letter) in text.char_indices() {
        let range = at..at + letter.len_utf8();
        // Most text is plain.
        if letter.is_ascii() {
            cutter.take(letter.to_ascii_lowercase(), &range);
        } else if !is_ignored(letter) {
            decompose_compatible(letter, |part| {
                if is_dropped(part) {
                    cutter.extend(&range);
                } else {
                    fold_case(part, |folded| cutter.take(folded, &range));
                }
            });
        }
    }
    cutter.words
}

/// The words of a text, separated by spaces: what the index stores.
pub(crate) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in words(text) {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(&word.text);
    }
    folded
}

/// Gathers words from folded characters.
#[derive(Default)]
struct Cutter {
    words: Vec<Word>,
    /// Whether the last word goes on with the next letter.
    is_open: bool,
    /// Whether the last word can only get marks.
    is_single: bool,
    characters: usize,
}

impl Cutter {
    fn take(&mut self, letter: char, range: &Range<usize>) {
        if is_combining_mark(letter) {
            if self.is_open && self.characters < WORD_MAX {
                self.push(letter, range);
            }
        } else if !letter.is_alphanumeric() {
            self.is_open = false;
        } else {
            let is_single = is_word_alone(letter);
            if !self.is_open || self.is_single || is_single || self.characters == WORD_MAX {
                self.words.push(Word { text: String::new(), range: range.clone() });
                self.characters = 0;
            }
            (self.is_open, self.is_single) = (true, is_single);
            self.push(letter, range);
        }
    }

    fn push(&mut self, letter: char, range: &Range<usize>) {
        if let Some(word) = self.words.last_mut() {
            word.text.push(letter);
            word.range.end = range.end;
            self.characters += 1;
        }
    }

    /// Counts a dropped mark as part of the word before it.
    fn extend(&mut self, range: &Range<usize>) {
        if let Some(word) = self.words.last_mut().filter(|_| self.is_open) {
            word.range.end = range.end;
        }
    }
}

/// Folds case: `ß` becomes `ss`, and all sigmas become one.
fn fold_case(letter: char, mut take: impl FnMut(char)) {
    if matches!(letter, 'ß' | 'ẞ') {
        return "ss".chars().for_each(take);
    }
    for folded in letter.to_uppercase().flat_map(char::to_lowercase) {
        decompose_compatible(folded, |part| {
            if !is_dropped(part) {
                take(part);
            }
        });
    }
}

/// Characters inside words that nobody sees: soft hyphens and joiners.
fn is_ignored(letter: char) -> bool {
    matches!(letter, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
}

/// Diacritics, which people leave out when they search: accents, Hebrew points and Arabic vowel signs. Vowel signs of
/// other scripts stay, because words differ by them.
pub(super) fn is_dropped(letter: char) -> bool {
    matches!(
        letter,
        '\u{300}'..='\u{36F}'
            | '\u{483}'..='\u{487}'
            | '\u{591}'..='\u{5BD}'
            | '\u{5BF}'
            | '\u{5C1}'..='\u{5C2}'
            | '\u{5C4}'..='\u{5C5}'
            | '\u{64B}'..='\u{65F}'
            | '\u{670}'
            | '\u{1AB0}'..='\u{1AFF}'
            | '\u{1DC0}'..='\u{1DFF}'
            | '\u{20D0}'..='\u{20FF}'
            | '\u{FE20}'..='\u{FE2F}'
    )
}

/// Letters of scripts without spaces between words: Thai, Lao, Myanmar, Khmer, Chinese and Japanese.
fn is_word_alone(letter: char) -> bool {
    matches!(
        letter,
        '\u{E01}'..='\u{E4F}'
            | '\u{E80}'..='\u{ECF}'
            | '\u{1000}'..='\u{103F}'
            | '\u{1780}'..='\u{17D3}'
            | '\u{2E80}'..='\u{2FDF}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3040}'..='\u{30FF}'
            | '\u{31F0}'..='\u{31FF}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{20000}'..='\u{3FFFF}'
    )
}
