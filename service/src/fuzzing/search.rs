//! Queries of full-text search.

use crate::words::{SearchQuery, words};

/// A query finds its own words, says where, and keeps no character that a database gives a meaning. The input is a
/// query, a line feed, and a text.
pub fn search_query(bytes: &[u8]) {
    let input = String::from_utf8_lossy(bytes);
    let (asked, text) = input.split_once('\n').unwrap_or((&input, ""));
    let query = SearchQuery::parse(asked);
    for term in query.positive().chain(query.negative()) {
        let plain = |word: &String| {
            !word.is_empty() && !word.contains(|letter: char| letter.is_ascii() && !letter.is_ascii_alphanumeric())
        };
        assert!(!term.words.is_empty() && term.words.iter().all(plain));
    }
    let folded: Vec<String> = words(text).into_iter().map(|word| word.text).collect();
    assert_eq!(query.matches(text), query.matches(&folded.join(" ")));
    assert!(!query.matches(text) || !query.occurrences(&folded).is_empty());
    let plain = asked.replace(['-', '"', '*'], " ");
    assert_eq!(SearchQuery::parse(&plain).matches(&plain), SearchQuery::parse(&plain).can_match());
}
