//! Reading JSON whose numbers may be strings, and whose texts may be numbers.

use serde_json::{Map, Value};

/// A JSON object.
pub(crate) type Fields = Map<String, Value>;

/// A text that is not empty; numbers count as their digits.
pub(crate) fn text(fields: &Fields, name: &str) -> Option<String> {
    match fields.get(name)? {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A whole number, which may be written as a string.
pub(crate) fn count(fields: &Fields, name: &str) -> Option<u64> {
    match fields.get(name)? {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_u64(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A whole number of 32 bits.
pub(crate) fn small(fields: &Fields, name: &str) -> Option<u32> {
    count(fields, name).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

/// An object.
pub(crate) fn object<'a>(fields: &'a Fields, name: &str) -> Option<&'a Fields> {
    fields.get(name)?.as_object()
}

/// An object, or one written as JSON in a string.
pub(crate) fn object_or_text(fields: &Fields, name: &str) -> Option<Fields> {
    match fields.get(name)? {
        Value::Object(object) => Some(object.clone()),
        Value::String(text) => serde_json::from_str(text).ok(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// The text of a field that has to be one, or nothing.
pub(crate) fn word<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// An object from a text.
pub(crate) fn parse(text: &str) -> Option<Fields> {
    serde_json::from_str(text).ok()
}

/// A text without NUL, which not every database can store.
pub(crate) fn clean(text: &str) -> String {
    text.replace('\0', "")
}

/// A value without NUL in any of its texts.
pub(crate) fn cleaned(value: Value) -> Value {
    match value {
        Value::String(text) => clean(&text).into(),
        Value::Array(items) => items.into_iter().map(cleaned).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, field)| (clean(&name), cleaned(field))).collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

/// The first `most` characters of a text, without NUL.
pub(crate) fn cut(text: &str, most: usize) -> String {
    clean(text).chars().take(most).collect()
}
