//! What a parser refused, as a sentence about the request: serde's messages speak of Rust's types instead.

/// The longest value that a sentence repeats, in characters.
const SHOWN_MAX: usize = 40;

/// Rewrites a parser's message as a sentence, with a capital letter and a full stop.
pub(super) fn sentence(message: &str) -> String {
    let said = rewritten(message).unwrap_or_else(|| message.to_owned());
    let mut letters = said.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let stop = if said.ends_with('.') { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// A message about names, types or values; `None` for one that is a sentence about the request already.
fn rewritten(message: &str) -> Option<String> {
    if message == "provided string was not `true` or `false`" {
        return Some("must be true or false".to_owned());
    }
    if let Some(rest) = message.strip_prefix("unknown variant `") {
        let (value, expected) = rest.rsplit_once("`, expected ")?;
        let not = if value.is_empty() { String::new() } else { format!(", not `{}`", shown(value)) };
        return Some(format!("must be {}{not}", listed(expected)));
    }
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let (name, known) = if let Some((name, names)) = rest.rsplit_once("`, expected one of ") {
            (name, format!("known are {}", names.replace('`', "")))
        } else if let Some((name, only)) = rest.rsplit_once("`, expected ") {
            (name, format!("known are {}", only.replace('`', "")))
        } else {
            (rest.strip_suffix("`, there are no fields")?, "there are none here".to_owned())
        };
        return Some(format!("the name `{}` is not known; {known}", shown(name)));
    }
    for (kind, what) in [("missing field `", "is required"), ("duplicate field `", "is given twice; send it once")] {
        if let Some(name) = message.strip_prefix(kind) {
            return Some(format!("`{name} {what}"));
        }
    }
    let rest = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.rsplit_once(", expected ").unwrap_or(("", rest));
    let not = found_words(found).map(|found| format!(", not {found}")).unwrap_or_default();
    Some(format!("expected {}{not}", expected_words(expected)))
}

/// The names in backticks as a list: `a`, `b` or `c`.
fn listed(expected: &str) -> String {
    let names: Vec<_> = expected.split('`').skip(1).step_by(2).map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => expected.to_owned(),
    }
}

/// A value of the request, cut if it is long.
fn shown(value: &str) -> String {
    let cut: String = value.chars().take(SHOWN_MAX).collect();
    if cut.len() < value.len() { cut + "…" } else { cut }
}

/// What the request has instead, in JSON's terms. Texts are not repeated, since they may be what someone said.
fn found_words(found: &str) -> Option<&str> {
    match found {
        "null" => Some("null"),
        "sequence" => Some("an array"),
        "map" => Some("an object"),
        _ if found.starts_with("string ") => Some("a string"),
        _ if found.starts_with("boolean ") => Some("a boolean"),
        _ if found.starts_with("integer ") || found.starts_with("floating point ") => Some("a number"),
        _ => None,
    }
}

/// What is expected, in JSON's terms.
fn expected_words(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number of 0 or more",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "an object",
        _ if expected.starts_with("struct ") => "an object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn messages_of_serde_become_sentences_about_the_request() {
        for (message, expected) in [
            (
                "unknown variant `both`, expected `inbound` or `outbound`",
                "Must be `inbound` or `outbound`, not `both`.",
            ),
            ("unknown variant `x`, expected one of `a`, `b`, `c`", "Must be `a`, `b` or `c`, not `x`."),
            ("unknown variant `x`, expected `a`", "Must be `a`, not `x`."),
            ("unknown variant ``, expected `a`", "Must be `a`."),
            ("unknown field `x`, expected one of `a`, `b`, `c`", "The name `x` is not known; known are a, b, c."),
            ("unknown field `x`, expected `a` or `b`", "The name `x` is not known; known are a or b."),
            ("unknown field `x`, there are no fields", "The name `x` is not known; there are none here."),
            ("missing field `audio`", "`audio` is required."),
            ("duplicate field `caller`", "`caller` is given twice; send it once."),
            ("invalid type: null, expected a string", "Expected a string, not null."),
            ("invalid type: string \"mulaw, expected fun\", expected an object", "Expected an object, not a string."),
            ("invalid type: integer `5`, expected struct Chunk", "Expected an object, not a number."),
            ("invalid value: another name, expected openai or wav", "Expected openai or wav."),
            ("provided string was not `true` or `false`", "Must be true or false."),
            ("Expected a whole number, 1 or larger.", "Expected a whole number, 1 or larger."),
        ] {
            assert_eq!(sentence(message), expected);
        }
        assert!(sentence(&format!("unknown variant `{}`, expected `a`", "é".repeat(500))).len() < 150);
    }
}
