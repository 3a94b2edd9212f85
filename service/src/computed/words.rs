//! Counts the words of what was said, for words per minute.
//!
//! It is a rough measure by intention, for comparing calls with each other. It uses no dictionary: the same text gives
//! the same number in every version, and languages do not need to be known. Marks such as apostrophes are part of a
//! word and do not end it, so "don't" is one word.

/// The number of words in a text: runs without white space that hold a letter or a digit. Chinese and Japanese are
/// written without spaces, so each of their characters counts as one word.
///
/// Speech recognizers return such text with and without spaces. Counting characters gives the same figure for both.
pub(super) fn count(text: &str) -> u64 {
    let (mut words, mut within) = (0, false);
    for character in text.chars() {
        if is_a_word(character) {
            words += 1;
            within = false;
        } else if character.is_whitespace() {
            within = false;
        } else if character.is_alphanumeric() && !within {
            words += 1;
            within = true;
        }
    }
    words
}

/// Whether a character is Chinese or Japanese: an ideograph, or a letter of hiragana or katakana.
fn is_a_word(character: char) -> bool {
    matches!(character,
        '\u{3005}' | '\u{3007}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30A1}'..='\u{30FA}' | '\u{30FC}'
        | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FF66}'..='\u{FF6F}'
        | '\u{FF71}'..='\u{FF9D}'
        | '\u{20000}'..='\u{2FA1F}'
        | '\u{30000}'..='\u{323AF}')
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn words_are_counted_in_any_script() {
        let texts = [
            ("", 0),
            ("  \t\u{a0}\n ", 0),
            ("- ... ?!", 0),
            ("Hello, is that the clinic?", 5),
            ("It's 9:30 a.m. - ok", 4),
            ("don't-stop e-mail", 2),
            ("Grüße aus Köln", 3),
            ("Привет, как дела?", 3),
            ("مرحبا بك", 2),
            ("안녕하세요 반갑습니다", 2),
            ("你好吗?", 3),
            ("予約を お願いします。", 9),
            ("10時にSMSを送る", 7),
            ("ｶﾀｶﾅ", 4),
            ("👍 ok", 1),
        ];
        for (text, words) in texts {
            assert_eq!(count(text), words, "{text}");
        }
    }
}
