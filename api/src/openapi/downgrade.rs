//! From OpenAPI 3.1 to 3.0.3. In 3.1 a schema is JSON Schema; 3.0 has a dialect of its own: no type `null`, no lists of
//! types, one `example`, and nothing beside a `$ref`.

use serde_json::{Map, Value, json};

const NULL: &str = "null";
const JSON: &str = "application/json";

/// Rewrites a document in place.
pub(super) fn downgrade(document: &mut Value) {
    document["openapi"] = json!("3.0.3");
    if let Some(license) = document.pointer_mut("/info/license").and_then(Value::as_object_mut) {
        license.remove("identifier");
    }
    walk(document);
}

/// Finds the schemas below anything that is none.
fn walk(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(walk),
        Value::Object(fields) => {
            if fields.contains_key("$ref") {
                fields.retain(|name, _| name == "$ref");
                return;
            }
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("schema", value) => schema(value),
                    ("schemas", Value::Object(named)) => named.values_mut().for_each(schema),
                    ("security", Value::Array(requirements)) => security(requirements),
                    ("requestBody", value) => {
                        one_media_type(value);
                        walk(value);
                    }
                    // Examples are data, whatever their fields are called.
                    ("example" | "value", _) => {}
                    (_, value) => walk(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Only OAuth has scopes. Those of keys stay in the descriptions of operations.
fn security(requirements: &mut Vec<Value>) {
    for schemes in requirements.iter_mut().filter_map(Value::as_object_mut) {
        schemes.values_mut().for_each(|scopes| *scopes = json!([]));
    }
    requirements.dedup();
}

/// Leaves only JSON where a request may have other media types as well: `progenitor` supports one.
fn one_media_type(body: &mut Value) {
    let Some(content) = body.get_mut("content").and_then(Value::as_object_mut) else { return };
    if content.contains_key(JSON) {
        content.retain(|media_type, _| media_type == JSON);
    }
}

/// Rewrites a schema and those inside it.
fn schema(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    for (name, value) in fields.iter_mut() {
        match (name.as_str(), value) {
            ("items" | "additionalProperties" | "not", value) => schema(value),
            ("properties", Value::Object(named)) => named.values_mut().for_each(schema),
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => schemas.iter_mut().for_each(schema),
            _ => {}
        }
    }
    // A schema of null only is an enum of it here, so that a choice that has one can be told.
    if fields.get("type").is_some_and(|kind| kind == NULL) {
        *value = json!({ "nullable": true, "enum": [null] });
        return;
    }
    nullable_type(fields);
    nullable_choice(fields);
    reference(fields);
    if let Some(Value::Array(examples)) = fields.remove("examples")
        && let Some(example) = examples.into_iter().next()
    {
        fields.entry("example").or_insert(example);
    }
    if let Some(only) = fields.remove("const") {
        fields.insert("enum".to_owned(), json!([only]));
    }
    for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if let Some(limit) = fields.get(exclusive).filter(|limit| limit.is_number()).cloned() {
            fields.insert(bound.to_owned(), limit);
            fields.insert(exclusive.to_owned(), json!(true));
        }
    }
    if fields.remove("contentEncoding").is_some_and(|encoding| encoding == "base64") {
        fields.insert("format".to_owned(), json!("byte"));
    }
    // A tuple is an array of any of its types.
    if let Some(items) = fields.remove("prefixItems") {
        fields.insert("items".to_owned(), json!({ "anyOf": items }));
    }
    for unknown in ["$schema", "contentMediaType", "propertyNames"] {
        fields.remove(unknown);
    }
}

/// `"type": ["string", "null"]` is a nullable string.
fn nullable_type(fields: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = fields.get("type") else { return };
    let (null, others): (Vec<_>, Vec<_>) = types.iter().cloned().partition(|kind| kind == NULL);
    match others.as_slice() {
        [only] => {
            fields.insert("type".to_owned(), only.clone());
        }
        several => {
            let choice = several.iter().map(|kind| json!({ "type": kind })).collect();
            fields.remove("type");
            fields.insert("anyOf".to_owned(), Value::Array(choice));
        }
    }
    if !null.is_empty() {
        fields.insert("nullable".to_owned(), json!(true));
        if let Some(Value::Array(allowed)) = fields.get_mut("enum")
            && !allowed.contains(&Value::Null)
        {
            allowed.push(Value::Null);
        }
    }
}

/// A choice between a schema and null is that schema, nullable.
fn nullable_choice(fields: &mut Map<String, Value>) {
    for choice in ["oneOf", "anyOf"] {
        let Some(Value::Array(schemas)) = fields.get_mut(choice) else { continue };
        let before = schemas.len();
        schemas.retain(|schema| schema["enum"] != json!([null]));
        if schemas.len() == before {
            continue;
        }
        fields.insert("nullable".to_owned(), json!(true));
        let Some(Value::Array(schemas)) = fields.get_mut(choice).filter(|schemas| schemas[1].is_null()) else {
            continue;
        };
        match schemas.pop() {
            Some(Value::Object(only)) if !only.contains_key("$ref") => {
                fields.remove(choice);
                only.into_iter().for_each(|(name, value)| {
                    fields.entry(name).or_insert(value);
                });
            }
            Some(only) => {
                fields.remove(choice);
                fields.insert("allOf".to_owned(), json!([only]));
            }
            None => {}
        }
    }
}

/// Nothing may stand beside a `$ref`: it moves into an `allOf`.
fn reference(fields: &mut Map<String, Value>) {
    if fields.len() > 1
        && let Some(reference) = fields.remove("$ref")
    {
        fields.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::downgrade;

    #[track_caller]
    fn becomes(schema: Value, wanted: Value) {
        let mut document = json!({ "components": { "schemas": { "It": schema } } });
        downgrade(&mut document);
        assert_eq!(document["components"]["schemas"]["It"], wanted);
    }

    #[test]
    fn null_in_a_type_makes_it_nullable() {
        becomes(json!({ "type": ["string", "null"] }), json!({ "type": "string", "nullable": true }));
        becomes(
            json!({ "type": ["string", "null"], "enum": ["a"] }),
            json!({ "type": "string", "nullable": true, "enum": ["a", null] }),
        );
        becomes(
            json!({ "type": ["string", "integer"] }),
            json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] }),
        );
    }

    #[test]
    fn a_choice_of_null_makes_the_other_nullable_and_keeps_its_description() {
        let reference = json!({ "$ref": "#/components/schemas/Time" });
        becomes(
            json!({ "oneOf": [{ "$ref": "#/components/schemas/Time", "description": "d" }, { "type": "null" }] }),
            json!({ "nullable": true, "description": "d", "allOf": [reference] }),
        );
        becomes(json!({ "oneOf": [reference, { "type": "null" }] }), json!({ "nullable": true, "allOf": [reference] }));
        becomes(
            json!({ "anyOf": [reference, { "type": "string" }, { "type": "null" }] }),
            json!({ "nullable": true, "anyOf": [reference, { "type": "string" }] }),
        );
    }

    #[test]
    fn what_3_0_does_not_know_is_said_in_its_words() {
        becomes(json!({ "type": "string", "examples": ["a", "b"] }), json!({ "type": "string", "example": "a" }));
        becomes(json!({ "const": "a" }), json!({ "enum": ["a"] }));
        becomes(json!({ "exclusiveMinimum": 0 }), json!({ "minimum": 0, "exclusiveMinimum": true }));
        becomes(
            json!({ "type": "string", "contentEncoding": "base64" }),
            json!({ "type": "string", "format": "byte" }),
        );
        becomes(
            json!({ "type": "array", "prefixItems": [{ "type": "integer" }] }),
            json!({ "type": "array", "items": { "anyOf": [{ "type": "integer" }] } }),
        );
        becomes(
            json!({ "type": "object", "propertyNames": { "type": "string" }, "properties": { "const": { "const": 1 } } }),
            json!({ "type": "object", "properties": { "const": { "enum": [1] } } }),
        );
    }

    #[test]
    fn keys_have_no_scopes() {
        let mut document = json!({ "paths": { "/": { "get": { "security": [{ "key": ["a"] }, { "key": ["b"] }] } } } });
        downgrade(&mut document);
        assert_eq!(document["paths"]["/"]["get"]["security"], json!([{ "key": [] }]));
    }

    #[test]
    fn examples_stay_as_they_are() {
        let example = json!({ "schema": { "type": ["string", "null"] }, "$ref": "x", "const": 1 });
        let mut document = json!({ "content": { "application/json": { "example": example } } });
        downgrade(&mut document);
        assert_eq!(document["content"]["application/json"]["example"], example);
    }
}
