//! Cutting, folding, and the query language.

use proptest::prelude::*;

use super::{
    SearchQuery,
    fold::{WORD_MAX, folded, is_dropped, words},
};

#[test]
fn words_are_folded() {
    for (text, expected) in [
        ("Hello, World!", "hello world"),
        ("Straße STRASSE", "strasse strasse"),
        ("É\u{301}te\u{301} Ærø Çedilla", "ete ærø cedilla"),
        ("İstanbul ISTANBUL ıstanbul", "istanbul istanbul istanbul"),
        ("ΣΊΣΥΦΟΣ σίσυφος", "σισυφοσ σισυφοσ"),
        ("don't e-mail 12:30", "don t e mail 12 30"),
        ("ﬁne ２４ ½", "fine 24 1 2"),
        ("東京タワー ﾀﾜｰ", "東 京 タ ワ ー タ ワ ー"),
        ("ภาษาไทย", "ภ า ษ า ไ ท ย"),
        ("हिन्दी", "हिन्दी"),
        ("שָׁלוֹם مَرْحَبًا", "שלום مرحبا"),
        ("co\u{ad}operate a\u{200d}b", "cooperate ab"),
        ("😀 🇩🇪 - \" * \0", ""),
        ("한국어", "한국어"),
    ] {
        // Decomposed, as the index has it.
        let expected: String =
            unicode_normalization::UnicodeNormalization::nfkd(expected).filter(|letter| !is_dropped(*letter)).collect();
        assert_eq!(folded(text), expected, "{text}");
    }
}

#[test]
fn ranges_lead_to_the_text() {
    let text = "Zwei Mu\u{308}ller, ﬁne!";
    let found: Vec<_> = words(text).into_iter().map(|word| &text[word.range]).collect();
    assert_eq!(found, ["Zwei", "Mu\u{308}ller", "ﬁne"]);
}

#[test]
fn a_query_has_words_phrases_negations_and_prefixes_and_nothing_else() {
    for (query, text, expected) in [
        ("refund", "I want a Refund.", true),
        ("refund", "refunded", false),
        ("refund*", "refunded", true),
        ("want refund", "a refund is what I want", true),
        ("\"want refund\"", "a refund is what I want", false),
        ("\"a refund\"", "a refund is what I want", true),
        ("refund -want", "a refund is what I want", false),
        ("refund -\"want a\"", "a refund is what I want", true),
        ("-want", "anything", false),
        ("want \"", "i want", true),
        ("\"want", "i want", true),
        ("want AND OR NOT NEAR", "i want", false),
        ("text:want", "the text want", true),
        ("text:want", "want text", false),
        ("(want) ^want +want 'want' want; --", "i want", true),
        ("e-mail", "my e-mail", true),
        ("e-mai*", "my e-mail", true),
        ("want.*", "wanted", false),
        ("*want", "want", true),
        ("--want", "want", false),
        ("東京", "私は東京にいる", true),
        ("京東", "私は東京にいる", false),
        ("", "", false),
        ("* - \" -*", "", false),
    ] {
        assert_eq!(SearchQuery::parse(query).matches(text), expected, "{query}: {text}");
    }
}

#[test]
fn a_query_is_not_in_the_log() {
    assert_eq!(format!("{:?}", SearchQuery::parse("Dr. Jones")), "SearchQuery(..)");
}

proptest! {
    #[test]
    fn folding_twice_changes_nothing(text: String) {
        let once = folded(&text);
        prop_assert_eq!(folded(&once), once);
    }

    #[test]
    fn words_lie_in_their_text(text: String) {
        let mut end = 0;
        for word in words(&text) {
            prop_assert!(word.range.start >= end.min(word.range.start) && text.get(word.range.clone()).is_some());
            prop_assert!(!word.text.is_empty() && word.text.chars().count() <= WORD_MAX);
            prop_assert!(!word.text.contains(' ') && word.text.chars().all(|letter| !letter.is_ascii_uppercase()));
            end = word.range.end;
        }
    }

    #[test]
    fn any_text_is_a_query_that_finds_itself(text: String) {
        let plain: String = text.chars().map(|letter| if matches!(letter, '-' | '"' | '*') { ' ' } else { letter }).collect();
        let query = SearchQuery::parse(&plain);
        prop_assert_eq!(query.matches(&plain), query.can_match());
        let found = query.occurrences(&words(&plain).into_iter().map(|word| word.text).collect::<Vec<_>>());
        prop_assert_eq!(found.is_empty(), !query.can_match());
        // Nothing panics, whatever is in it.
        let _ = SearchQuery::parse(&text).matches(&text);
    }
}
