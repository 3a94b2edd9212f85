//! The part of a text around the first match, and when that is said. Both are made from the stored text, never from the
//! index, and a snippet is a list of parts, so that nobody has to trust markup.
//!
//! The query is matched again here, on the stored text, with the same folding as in the index. So the parts that are
//! marked are exactly those that made the transcript a hit, and an index that lagged could not show words that are
//! gone.

use std::ops::Range;

use serde_json::Value;

use crate::{
    Private, Transcript,
    words::{SearchQuery, words},
};

/// Most characters of a snippet, and of it before the first match.
const SNIPPET_MAX: usize = 200;
const BEFORE_MAX: usize = 80;
/// Stands for what is left out at either end.
const CUT: char = '\u{2026}';

/// A part of a snippet.
///
/// A client shows the parts in order and emphasizes those that match. Nothing needs to be escaped on our side, and
/// nothing in a transcript can pretend to be an emphasis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnippetPart {
    /// The text. All parts together are the snippet.
    pub text: Private,
    /// Whether the query matches here.
    pub is_match: bool,
}

/// A text's snippet: up to 200 characters around the first match, with an ellipsis where the text is cut.
///
/// Up to 80 of them come before the match, so that it is seen in its sentence. Characters are Unicode scalar values; a
/// cut never falls into one, and avoids words where a space is near. Later matches within the window are marked too.
pub(super) fn snippet(query: &SearchQuery, text: &str) -> Vec<SnippetPart> {
    let found = words(text);
    let folded: Vec<&str> = found.iter().map(|word| &*word.text).collect();
    let bytes = |words: Range<usize>| Some(found.get(words.start)?.range.start..found.get(words.end - 1)?.range.end);
    let matches: Vec<Range<usize>> = query.occurrences(&folded).into_iter().filter_map(bytes).collect();
    let window = window(text, matches.first().map_or(0, |first| first.start));
    let mut parts = Parts::default();
    if window.start > 0 {
        parts.add(&CUT.to_string(), false);
    }
    let mut at = window.start;
    for found in matches.iter().filter(|found| found.start < window.end) {
        let end = found.end.min(window.end);
        parts.add(text.get(at..found.start).unwrap_or_default(), false);
        parts.add(text.get(found.start.max(at)..end).unwrap_or_default(), true);
        at = end;
    }
    parts.add(text.get(at..window.end).unwrap_or_default(), false);
    if window.end < text.len() {
        parts.add(&CUT.to_string(), false);
    }
    parts.0.into_iter().map(|(text, is_match)| SnippetPart { text: text.into(), is_match }).collect()
}

/// Parts of which no two neighbours are of the same kind.
#[derive(Default)]
struct Parts(Vec<(String, bool)>);

impl Parts {
    fn add(&mut self, text: &str, is_match: bool) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some((last, kind)) if *kind == is_match => last.push_str(text),
            _ => self.0.push((text.to_owned(), is_match)),
        }
    }
}

/// The bytes of a snippet whose match is at `from`. It begins and ends at a space, if there is one near.
///
/// The end is searched for a space only behind the first 80 characters after the match, so that a long word does not
/// take the match out of its own snippet.
fn window(text: &str, from: usize) -> Range<usize> {
    let before = text.get(..from).unwrap_or_default();
    let start = before.char_indices().rev().nth(BEFORE_MAX - 1).map_or(0, |(at, _)| at);
    let start = if start == 0 {
        0
    } else {
        let shown = before.get(start..).unwrap_or_default();
        shown.find(char::is_whitespace).map_or(start, |space| start + space)
    };
    let rest = text.get(start..).unwrap_or_default();
    let Some((length, _)) = rest.char_indices().nth(SNIPPET_MAX) else { return start..text.len() };
    let shown = rest.get(..length).unwrap_or_default();
    // Not before the match itself.
    let space = shown.rfind(char::is_whitespace).filter(|space| start + space > from + BEFORE_MAX);
    start..start + space.unwrap_or(length)
}

/// When the first match is said, in seconds: the time of its word, if that is known, else that of the utterance.
///
/// Words come from the recognizer, in its own division and spelling. They are folded and matched like the text; where
/// they do not contain the match, because the text was corrected by hand, the start of the utterance is the best
/// answer.
pub(super) fn said_at(query: &SearchQuery, transcript: &Transcript) -> Option<f64> {
    let stored = transcript.words.as_ref().and_then(|words| words.expose().as_array());
    // A recognizer's word may be several of ours, such as "don't".
    let (mut folded, mut times) = (Vec::new(), Vec::new());
    for word in stored.into_iter().flatten() {
        for part in words(word.get("text").and_then(Value::as_str).unwrap_or_default()) {
            folded.push(part.text);
            times.push(word.get("startTime").and_then(Value::as_f64));
        }
    }
    let first = query.occurrences(&folded).first().map(|found| found.start);
    first.and_then(|first| times.get(first).copied().flatten()).or(transcript.start_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(query: &str, text: &str) -> Vec<(String, bool)> {
        let parts = snippet(&SearchQuery::parse(query), text);
        parts.into_iter().map(|part| (part.text.expose().to_owned(), part.is_match)).collect()
    }

    #[test]
    fn a_short_text_is_its_own_snippet() {
        let part = |text: &str, is_match| (text.to_owned(), is_match);
        let expected = [part("I want a ", false), part("Refund", true), part(", a ", false), part("refund", true)];
        assert_eq!(parts("refund", "I want a Refund, a refund"), expected);
        assert_eq!(parts("\"a refund\"", "I want a refund.")[1], part("a refund", true));
        // Markup is text.
        assert_eq!(parts("refund", "<b>refund</b>")[1], part("refund", true));
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_match() {
        let text = format!("{}refund {}", "before ".repeat(200), "after \u{1F600} ".repeat(200));
        let found = parts("refund", &text);
        let snippet: String = found.iter().map(|(text, _)| text.as_str()).collect();
        assert!(snippet.starts_with("\u{2026} before") && snippet.ends_with('\u{2026}'), "{snippet}");
        assert!((150..=SNIPPET_MAX + 2).contains(&snippet.chars().count()), "{snippet}");
        assert_eq!(found[1], ("refund".to_owned(), true));
        // A text without spaces.
        let found = parts("東京", &format!("{}東京{}", "私".repeat(500), "は".repeat(500)));
        let snippet: String = found.iter().map(|(text, _)| text.as_str()).collect();
        assert!(snippet.chars().count() <= SNIPPET_MAX + 2 && found[1].1, "{snippet}");
    }
}
