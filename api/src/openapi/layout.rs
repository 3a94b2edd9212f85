//! How the document is laid out as text: an object or array that fits in a line stands in one, so that a reference or a
//! header is a line of its own and a change shows as one.

/// The longest line of an object or array that is not broken, without its indentation.
const LINE_MAX: usize = 320;
const INDENT: usize = 1;

/// Lays out compact JSON. The order of the fields stays.
pub(super) fn lay_out(compact: &str) -> String {
    let mut text = String::with_capacity(compact.len() * 3 / 2);
    let mut rest = compact;
    let mut depth = 0;
    while let Some(first) = rest.chars().next() {
        match first {
            '{' | '[' => {
                let end = end_of(rest);
                if end <= LINE_MAX {
                    spread(&mut text, &rest[..end]);
                    rest = &rest[end..];
                    continue;
                }
                depth += 1;
                text.push(first);
                new_line(&mut text, depth);
            }
            '}' | ']' => {
                depth -= 1;
                new_line(&mut text, depth);
                text.push(first);
            }
            ',' => {
                text.push(first);
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            '"' => {
                let end = end_of(rest);
                text.push_str(&rest[..end]);
                rest = &rest[end..];
                continue;
            }
            _ => text.push(first),
        }
        rest = &rest[first.len_utf8()..];
    }
    text.push('\n');
    text
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', depth * INDENT));
}

/// Where the string, object or array that `text` begins with ends.
fn end_of(text: &str) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && !in_string && !escaped {
            return at + 1;
        }
    }
    text.len()
}

/// Writes an object or array in a line, with a space after each comma and colon.
fn spread(text: &mut String, compact: &str) {
    let mut rest = compact;
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' { end_of(rest) } else { first.len_utf8() };
        text.push_str(&rest[..length]);
        if matches!(first, ',' | ':') {
            text.push(' ');
        }
        rest = &rest[length..];
    }
}

#[cfg(test)]
mod tests {
    use super::lay_out;

    #[test]
    fn what_fits_in_a_line_stands_in_one_and_strings_stay_as_they_are() {
        let short = r#"{"a":[1,{"b":"x,y: \"{\\"}],"c":null}"#;
        assert_eq!(lay_out(short), "{\"a\": [1, {\"b\": \"x,y: \\\"{\\\\\"}], \"c\": null}\n");
    }

    #[test]
    fn what_does_not_fit_is_broken_and_means_the_same() {
        let value = serde_json::json!({ "long": "é".repeat(90), "list": vec![1234; 80], "empty": {}, "none": [] });
        let laid = lay_out(&value.to_string());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&laid).ok(), Some(value));
        assert!(laid.contains("\n \"empty\": {},\n"), "{laid}");
        assert!(laid.contains("\n  1234,\n"), "{laid}");
    }
}
