//! Languages: BCP 47 tags, and the English names that Whisper writes.

/// Longest tag, in characters.
const TAG_MAX_CHARS: usize = 35;
/// Longest part of a tag, in characters.
const SUBTAG_MAX_CHARS: usize = 8;

/// Whether a text has the form of a BCP 47 tag (RFC 5646) of at most 35 characters: letters, then groups of letters and
/// digits, each of at most 8 and separated by `-`. Whether its parts are registered is not asked.
///
/// # Examples
/// ```
/// assert!(recognizers::is_language_tag("de-AT") && recognizers::is_language_tag("zh-Hant-TW"));
/// assert!(!recognizers::is_language_tag("en_US") && !recognizers::is_language_tag("de-"));
/// ```
#[must_use]
pub fn is_language_tag(text: &str) -> bool {
    let is_part = |part: &str| {
        (1..=SUBTAG_MAX_CHARS).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let first = text.split('-').next().unwrap_or_default();
    text.len() <= TAG_MAX_CHARS && first.bytes().all(|byte| byte.is_ascii_alphabetic()) && text.split('-').all(is_part)
}

/// A language as a BCP 47 tag (RFC 5646) of at most 35 characters: `_` becomes `-`, a name of Whisper's its code.
/// None for anything else.
///
/// # Examples
/// ```
/// assert_eq!(recognizers::language_tag("en_us").as_deref(), Some("en-us"));
/// assert_eq!(recognizers::language_tag("haitian creole").as_deref(), Some("ht"));
/// assert_eq!(recognizers::language_tag("not a language"), None);
/// ```
#[must_use]
pub fn language_tag(text: &str) -> Option<String> {
    let name = text.trim().to_ascii_lowercase();
    if let Some((_, code)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some((*code).to_owned());
    }
    let tag = text.trim().replace('_', "-");
    is_language_tag(&tag).then_some(tag)
}

/// The languages of openai/whisper (`whisper/tokenizer.py`) and its aliases. Javanese has its current code.
const NAMES: [(&str, &str); 112] = [
    ("english", "en"),
    ("chinese", "zh"),
    ("german", "de"),
    ("spanish", "es"),
    ("russian", "ru"),
    ("korean", "ko"),
    ("french", "fr"),
    ("japanese", "ja"),
    ("portuguese", "pt"),
    ("turkish", "tr"),
    ("polish", "pl"),
    ("catalan", "ca"),
    ("dutch", "nl"),
    ("arabic", "ar"),
    ("swedish", "sv"),
    ("italian", "it"),
    ("indonesian", "id"),
    ("hindi", "hi"),
    ("finnish", "fi"),
    ("vietnamese", "vi"),
    ("hebrew", "he"),
    ("ukrainian", "uk"),
    ("greek", "el"),
    ("malay", "ms"),
    ("czech", "cs"),
    ("romanian", "ro"),
    ("danish", "da"),
    ("hungarian", "hu"),
    ("tamil", "ta"),
    ("norwegian", "no"),
    ("thai", "th"),
    ("urdu", "ur"),
    ("croatian", "hr"),
    ("bulgarian", "bg"),
    ("lithuanian", "lt"),
    ("latin", "la"),
    ("maori", "mi"),
    ("malayalam", "ml"),
    ("welsh", "cy"),
    ("slovak", "sk"),
    ("telugu", "te"),
    ("persian", "fa"),
    ("latvian", "lv"),
    ("bengali", "bn"),
    ("serbian", "sr"),
    ("azerbaijani", "az"),
    ("slovenian", "sl"),
    ("kannada", "kn"),
    ("estonian", "et"),
    ("macedonian", "mk"),
    ("breton", "br"),
    ("basque", "eu"),
    ("icelandic", "is"),
    ("armenian", "hy"),
    ("nepali", "ne"),
    ("mongolian", "mn"),
    ("bosnian", "bs"),
    ("kazakh", "kk"),
    ("albanian", "sq"),
    ("swahili", "sw"),
    ("galician", "gl"),
    ("marathi", "mr"),
    ("punjabi", "pa"),
    ("sinhala", "si"),
    ("khmer", "km"),
    ("shona", "sn"),
    ("yoruba", "yo"),
    ("somali", "so"),
    ("afrikaans", "af"),
    ("occitan", "oc"),
    ("georgian", "ka"),
    ("belarusian", "be"),
    ("tajik", "tg"),
    ("sindhi", "sd"),
    ("gujarati", "gu"),
    ("amharic", "am"),
    ("yiddish", "yi"),
    ("lao", "lo"),
    ("uzbek", "uz"),
    ("faroese", "fo"),
    ("haitian creole", "ht"),
    ("pashto", "ps"),
    ("turkmen", "tk"),
    ("nynorsk", "nn"),
    ("maltese", "mt"),
    ("sanskrit", "sa"),
    ("luxembourgish", "lb"),
    ("myanmar", "my"),
    ("tibetan", "bo"),
    ("tagalog", "tl"),
    ("malagasy", "mg"),
    ("assamese", "as"),
    ("tatar", "tt"),
    ("hawaiian", "haw"),
    ("lingala", "ln"),
    ("hausa", "ha"),
    ("bashkir", "ba"),
    ("javanese", "jv"),
    ("sundanese", "su"),
    ("cantonese", "yue"),
    ("burmese", "my"),
    ("valencian", "ca"),
    ("flemish", "nl"),
    ("haitian", "ht"),
    ("letzeburgesch", "lb"),
    ("pushto", "ps"),
    ("panjabi", "pa"),
    ("moldavian", "ro"),
    ("moldovan", "ro"),
    ("sinhalese", "si"),
    ("castilian", "es"),
    ("mandarin", "zh"),
];
