//! Backend-independent row digest: encodes a row to the same bytes on SQLite and PostgreSQL.
//!
//! Both databases give the same values in different types: a time is an integer here and there, a UUID is bytes in one
//! and a type of its own in the other. The digest is taken of what the entity reads, so it compares what the service
//! would see.
//!
//! What would be equal in meaning and differs in bytes is brought to one form: the order of members of JSON objects,
//! and numbers that are whole. Nothing else needs it, because both databases store the same bytes of text, audio and
//! ids.
//!
//! A row's bytes are never stored, only hashed during one copy. So the encoding may change with any version.

use audio::number::wide;
use sea_orm::{EntityTrait, Iterable, ModelTrait, Value};

/// Encodes a row. Two rows get the same bytes if and only if all their columns are equal.
pub(super) fn row<E: EntityTrait>(model: &E::Model) -> Vec<u8> {
    let mut bytes = Vec::new();
    for column in E::Column::iter() {
        add(&mut bytes, &model.get(column));
    }
    bytes
}

#[expect(clippy::wildcard_enum_match_arm, reason = "everything else is digested alike")]
fn add(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Bytes(Some(data)) => sized(bytes, b'b', data),
        Value::String(Some(text)) => sized(bytes, b's', text.as_bytes()),
        Value::Double(Some(number)) => sized(bytes, b'd', &number.to_be_bytes()),
        Value::Json(Some(json)) => {
            let mut text = Vec::new();
            add_json(&mut text, json);
            sized(bytes, b'j', &text);
        }
        // Numbers, ids and NULLs, by their `Debug` form.
        other => sized(bytes, b'v', format!("{other:?}").as_bytes()),
    }
}

/// The kind and the length in front make the encoding of a row unambiguous: no two different rows give the same bytes,
/// as "ab" and "c" would with "a" and "bc".
fn sized(bytes: &mut Vec<u8>, kind: u8, data: &[u8]) {
    bytes.push(kind);
    bytes.extend(wide(data.len()).to_be_bytes());
    bytes.extend(data);
}

/// Canonical JSON. PostgreSQL reorders the members of objects and stores 1e16 as an integer.
fn add_json(bytes: &mut Vec<u8>, json: &serde_json::Value) {
    match json {
        serde_json::Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in members {
                sized(bytes, b'n', name.as_bytes());
                add_json(bytes, value);
            }
            bytes.push(b'}');
        }
        serde_json::Value::Array(values) => {
            bytes.push(b'[');
            for value in values {
                add_json(bytes, value);
            }
            bytes.push(b']');
        }
        serde_json::Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 => {
                // PostgreSQL has no negative zero either.
                sized(bytes, b'i', format!("{:.0}", float + 0.0).as_bytes());
            }
            Some(float) if number.is_f64() => sized(bytes, b'f', &float.to_be_bytes()),
            _ => sized(bytes, b'i', number.to_string().as_bytes()),
        },
        serde_json::Value::String(text) => sized(bytes, b's', text.as_bytes()),
        serde_json::Value::Bool(true) => bytes.push(b't'),
        serde_json::Value::Bool(false) => bytes.push(b'f'),
        serde_json::Value::Null => bytes.push(b'0'),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
mod tests {
    use super::*;

    fn json(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        add_json(&mut bytes, &serde_json::from_str(text).unwrap());
        bytes
    }

    #[test]
    fn json_is_the_same_in_every_notation() {
        for (one, other) in [
            (r#"{"a": 1, "b": [true, null]}"#, r#"{"b":[true,null],"a":1}"#),
            ("1e16", "10000000000000000"),
            ("-0.0", "0"),
            ("1e300", &*format!("1{}", "0".repeat(300))),
            (r#""\u00e9""#, "\"\u{e9}\""),
        ] {
            assert_eq!(json(one), json(other), "{one}");
        }
    }

    #[test]
    fn other_json_is_other_bytes() {
        let different = [
            "1",
            "2",
            "1.5",
            "\"1\"",
            "[1]",
            "[[1]]",
            "[1,1]",
            "{}",
            "[]",
            "null",
            "true",
            "false",
            "{\"a\":{}}",
            "{\"a\":[]}",
        ];
        for (index, one) in different.iter().enumerate() {
            for other in &different[index + 1..] {
                assert_ne!(json(one), json(other), "{one} {other}");
            }
        }
    }

    #[test]
    fn nothing_of_one_kind_is_not_a_value_of_another() {
        let values = [Value::String(None), Value::String(Some(String::new())), Value::Bytes(None), Value::Int(Some(0))];
        let bytes = values.map(|value| {
            let mut bytes = Vec::new();
            add(&mut bytes, &value);
            bytes
        });
        for (index, one) in bytes.iter().enumerate() {
            assert!(!bytes[index + 1..].contains(one), "{one:?}");
        }
    }
}
