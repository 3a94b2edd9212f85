//! JSON Merge Patch, for custom data.

use serde_json::{Map, Value};

/// JSON Merge Patch (RFC 7396): fields in the patch replace stored ones, null removes them, and objects are merged
/// recursively.
pub(super) fn merge(before: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else { return patch };
    let mut merged = if let Value::Object(fields) = before { fields } else { Map::new() };
    for (name, change) in patch {
        let field = merged.remove(&name).unwrap_or_default();
        if !change.is_null() {
            merged.insert(name, merge(field, change));
        }
    }
    Value::Object(merged)
}
