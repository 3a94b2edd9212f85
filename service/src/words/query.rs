//! The query language. It has words, `"phrases"`, `-not` and `prefix*`. No other character has a meaning, and every
//! text is a query: what cannot be read as one of these is a gap between words.

use std::{fmt, ops::Range};

use super::fold::words;

/// A part of a query: words that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    /// The folded words; at least one.
    pub words: Vec<String>,
    /// Whether the last word is only the beginning of one.
    pub is_prefix: bool,
    /// Whether texts with it are left out.
    pub is_negated: bool,
}

impl Term {
    /// Whether the term's words begin at a place of a text.
    fn is_at<T: AsRef<str>>(&self, text: &[T], at: usize) -> bool {
        let Some(text) = text.get(at..at + self.words.len()) else { return false };
        let last = self.words.len() - 1;
        text.iter().zip(&self.words).enumerate().all(|(index, (found, word))| {
            if index == last && self.is_prefix { found.as_ref().starts_with(word) } else { found.as_ref() == word }
        })
    }

    fn is_in<T: AsRef<str>>(&self, text: &[T]) -> bool {
        (0..text.len()).any(|at| self.is_at(text, at))
    }
}

/// What is searched for. `Debug` does not show it, because it may name people.
///
/// # Examples
///
/// ```
/// use service::SearchQuery;
///
/// let query = SearchQuery::parse("refund \"credit card\" -cancel* ÉTÉ");
/// assert!(query.matches("In summer (été) the credit card got a REFUND."));
/// assert!(!query.matches("Été: refund to the credit card cancelled."));
/// // No text is an error, but without a word to find nothing matches.
/// assert!(!SearchQuery::parse("-cancel \"").matches("anything"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SearchQuery {
    terms: Vec<Term>,
}

impl fmt::Debug for SearchQuery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SearchQuery(..)")
    }
}

impl SearchQuery {
    /// Reads a query. Every text is one.
    ///
    /// A minus before a word or a phrase leaves out texts with it; a star after a word finds words that begin so.
    /// Punctuation inside a word, as in `e-mail`, makes it a phrase. Terms without a letter or digit are passed over.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut terms: Vec<Term> = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let is_negated = first == '-';
            let item = rest.strip_prefix('-').unwrap_or(rest);
            let (term, after) = match item.strip_prefix('"') {
                Some(phrase) => {
                    let (phrase, after) = phrase.split_once('"').unwrap_or((phrase, ""));
                    (Self::term(phrase, false, is_negated), after)
                }
                None => {
                    let end = item.find(|letter: char| letter.is_whitespace() || letter == '"').unwrap_or(item.len());
                    let (word, after) = item.split_at(end);
                    let stem = word.trim_end_matches('*');
                    (Self::term(stem, stem.len() < word.len(), is_negated), after)
                }
            };
            terms.extend(term.filter(|term| !terms.contains(term)));
            rest = after.trim_start();
        }
        Self { terms }
    }

    /// A prefix ends with its last word: `a.*` is the word `a`.
    fn term(text: &str, is_prefix: bool, is_negated: bool) -> Option<Term> {
        let found = words(text);
        let ends_text = found.last()?.range.end == text.len();
        let words = found.into_iter().map(|word| word.text).collect();
        Some(Term { words, is_prefix: is_prefix && ends_text, is_negated })
    }

    /// Whether any text can match. A query of negated terms alone finds nothing.
    #[must_use]
    pub fn can_match(&self) -> bool {
        self.positive().next().is_some()
    }

    /// Whether a text matches: it has all terms, and none of the negated ones.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<String> = words(text).into_iter().map(|word| word.text).collect();
        self.matches_words(&text)
    }

    /// Whether folded words match.
    pub(crate) fn matches_words<T: AsRef<str>>(&self, text: &[T]) -> bool {
        self.can_match() && self.terms.iter().all(|term| term.is_in(text) != term.is_negated)
    }

    /// The terms to find, in order.
    pub(crate) fn positive(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().filter(|term| !term.is_negated)
    }

    /// The terms to leave out.
    pub(crate) fn negative(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().filter(|term| term.is_negated)
    }

    /// Where the terms occur in folded words, as ranges of words in order, without overlaps.
    pub(crate) fn occurrences<T: AsRef<str>>(&self, text: &[T]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for at in 0..text.len() {
            let longest = self.positive().filter(|term| term.is_at(text, at)).map(|term| term.words.len()).max();
            let Some(length) = longest else { continue };
            match found.last_mut().filter(|last| last.end > at) {
                Some(last) => last.end = last.end.max(at + length),
                None => found.push(at..at + length),
            }
        }
        found
    }

    /// The query in the form in which equal queries are equal, for fingerprints.
    pub(crate) fn canonical(&self) -> String {
        format!("{:?}", self.terms)
    }
}
