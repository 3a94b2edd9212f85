//! What to say about a body that is not JSON.

use serde_json::error::Category;

use crate::problem::{Problem, ProblemCode};

/// The problem of a body that is not JSON.
pub(super) fn malformed(bytes: &[u8], error: &serde_json::Error) -> Problem {
    Problem::new(ProblemCode::MalformedJson, detail(bytes, error))
}

fn detail(bytes: &[u8], error: &serde_json::Error) -> String {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return "The body is empty. Send a JSON object, such as {}.".to_owned();
    }
    if is_utf16(bytes) {
        return "The body is UTF-16. Send JSON as UTF-8.".to_owned();
    }
    if let Err(error) = std::str::from_utf8(bytes) {
        return format!("The body is not UTF-8 from byte {} on. Send JSON as UTF-8.", error.valid_up_to());
    }
    if error.classify() == Category::Eof {
        return format!("The JSON ends too early: {error}. Send all of it.");
    }
    format!("The body is not JSON: {error}. Send valid JSON.")
}

/// Whether bytes begin as JSON does in UTF-16 or UTF-32: with a byte order mark, or with a NUL in the first character.
fn is_utf16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, _, ..] | [_, 0, ..])
}
