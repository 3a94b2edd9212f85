//! JSON that is not quite JSON, as common programs write it: with a byte order mark, or with half of a surrogate pair.
//! Only bodies that could not be parsed are looked at.

/// What UTF-8 files of some editors and languages begin with.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The same JSON without a byte order mark and with U+FFFD in place of each lone surrogate; none if it has neither.
pub(crate) fn repaired(bytes: &[u8]) -> Option<Vec<u8>> {
    let rest = bytes.strip_prefix(BYTE_ORDER_MARK);
    let mut json = rest.unwrap_or(bytes).to_vec();
    let replaced = replace_lone_surrogates(&mut json);
    (replaced || rest.is_some()).then_some(json)
}

/// Writes `\ufffd` over each escape of a surrogate that has no partner. A position in the text stays what it was.
fn replace_lone_surrogates(json: &mut [u8]) -> bool {
    let (mut at, mut replaced) = (0, false);
    while at + 1 < json.len() {
        if json[at] != b'\\' {
            at += 1;
            continue;
        }
        match (surrogate(&json[at..]), json.get(at + 6..).and_then(surrogate)) {
            (Some(Half::High), Some(Half::Low)) => at += 12,
            (Some(_), _) => {
                json[at + 2..at + 6].copy_from_slice(b"fffd");
                replaced = true;
                at += 6;
            }
            // Another escape, such as a backslash, which hides what follows it.
            (None, _) => at += 2,
        }
    }
    replaced
}

/// One of the two code units that stand for a character beyond the first 65,536.
enum Half {
    High,
    Low,
}

/// The surrogate whose escape a text begins with.
fn surrogate(text: &[u8]) -> Option<Half> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    let unit = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    match unit {
        0xD800..=0xDBFF => Some(Half::High),
        0xDC00..=0xDFFF => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::repaired;

    fn of(json: &str) -> Option<String> {
        repaired(json.as_bytes()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn lone_surrogates_are_replaced_and_pairs_stay() {
        assert_eq!(of(r#"{"a":"\ud83d"}"#).as_deref(), Some(r#"{"a":"\ufffd"}"#));
        assert_eq!(of(r#"["\uDE00","\ud83d\ude00"]"#).as_deref(), Some(r#"["\ufffd","\ud83d\ude00"]"#));
        assert_eq!(of(r#""\ud83d\ud83d\ude00""#).as_deref(), Some(r#""\ufffd\ud83d\ude00""#));
        assert_eq!(of(r#""\ud83dx\ude00""#).as_deref(), Some(r#""\ufffdx\ufffd""#));
    }

    #[test]
    fn what_only_looks_like_an_escape_stays() {
        for json in [r#""\\ud83d""#, r#""\ud8""#, r#""\uzzzz""#, r#""\u+123""#, "\"\\", "", "{}"] {
            assert_eq!(of(json), None, "{json}");
        }
        assert_eq!(of(r#""\\\ud83d""#).as_deref(), Some(r#""\\\ufffd""#));
    }

    #[test]
    fn a_byte_order_mark_is_dropped_where_the_text_begins() {
        assert_eq!(of("\u{feff}{}").as_deref(), Some("{}"));
        assert_eq!(of("\"\u{feff}\""), None);
    }
}
