//! Fields of JSON that providers write in more than one way.

use serde_json::{Map, Value};

use crate::SPEAKER_MAX_CHARS;

/// A field that is a string.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

/// A field that is a string, as a copy.
pub(crate) fn string(value: &Value, name: &str) -> Option<String> {
    text(value, name).map(ToOwned::to_owned)
}

/// The items of a field that is an array, else none.
pub(crate) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether a field is an array.
pub(crate) fn has_list(value: &Value, name: &str) -> bool {
    value.get(name).is_some_and(Value::is_array)
}

/// A field that is a number, or a number in a string.
pub(crate) fn number(value: &Value, name: &str) -> Option<f64> {
    as_number(value.get(name)?)
}

/// A number, or a number in a string.
pub(crate) fn as_number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.filter(|number| number.is_finite())
}

/// A field that is a whole number, or one in a string.
pub(crate) fn whole(value: &Value, name: &str) -> Option<i64> {
    match value.get(name)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A speaker's label: a string trimmed and cut, a number n as `speaker_n`.
pub(crate) fn label(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::String(text) => label_of(text),
        Value::Number(number) => Some(format!("speaker_{number}")),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A text as a speaker's name, unless nothing is left of it.
pub(crate) fn label_of(text: &str) -> Option<String> {
    let visible: String = text.chars().filter(|&character| character != '\0').collect();
    let label: String = visible.trim().chars().take(SPEAKER_MAX_CHARS).collect();
    let label = label.trim_end();
    (!label.is_empty()).then(|| label.to_owned())
}

/// The first array among fields, with a pointer to it. A name with slashes leads into objects.
pub(crate) fn first_list<'a>(document: &'a Value, pointers: &[&'static str]) -> Option<(&'static str, &'a [Value])> {
    pointers.iter().find_map(|pointer| Some((*pointer, document.pointer(pointer)?.as_array()?.as_slice())))
}

/// The fields that are there, as an object.
pub(crate) fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(fields.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::label_of;

    #[test]
    fn a_label_is_trimmed_and_cut_to_128_characters() {
        assert_eq!(label_of(" A\0 ").as_deref(), Some("A"));
        assert_eq!(label_of(" \0 "), None);
        assert_eq!(label_of(&"é".repeat(200)), Some("é".repeat(128)));
    }
}
