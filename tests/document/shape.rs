//! The shape of the document: its size, shared components, required fields, and the order of fields.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{document, operations};

#[test]
fn the_document_is_small_and_what_operations_share_stands_once() {
    let text = api::document().unwrap().0;
    let each = text.len() / operations().len();
    assert!(each < 5_350, "openapi.json has {} bytes, {each} for each operation", text.len());
    let paths = document()["paths"].clone();
    let mut stated = BTreeMap::<String, Vec<String>>::new();
    for (path, item) in paths.as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                if status.starts_with(['4', '5']) && response.get("$ref").is_none() {
                    stated.entry(response.to_string()).or_default().push(format!("{method} {path} {status}"));
                }
            }
        }
    }
    let repeated: Vec<_> = stated.values().filter(|places| places.len() > 1).collect();
    assert!(repeated.is_empty(), "{repeated:?}");
}

#[test]
fn an_answer_has_no_more_than_three_links_and_keys_are_the_only_security_scheme() {
    let document = document();
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.keys().collect::<Vec<_>>(), ["apiKey"]);
    for operation in operations() {
        for (status, response) in operation.value["responses"].as_object().unwrap() {
            let links = response["links"].as_object().map_or(0, Map::len);
            assert!(links <= 3, "{} {status} has {links} links", operation.id());
        }
    }
}

/// Required fields come first in a schema, and every field that a response always has is required.
#[test]
fn what_an_answer_always_has_is_required_and_comes_first() {
    let text = api::document().unwrap().0;
    let document = document();
    let answers = ["Call", "Recording", "Transcript", "Analytics", "Metadata", "ApiKey", "AuditEntry", "CallEvent"];
    for name in answers.into_iter().chain([
        "Event",
        "PageInfo",
        "CallFigures",
        "Problem",
        "TrackChunks",
        "StoredChunk",
        "ConvertedAudio",
        "ComputedAnalytics",
        "Webhook",
        "Delivery",
        "DeliveryAttempt",
    ]) {
        let schema = &document["components"]["schemas"][name];
        let fields = schema["properties"].as_object().unwrap();
        let required: Vec<_> = schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let parts = ["recordings", "transcripts", "analytics", "metadata", "computed"];
        let always: Vec<_> = fields.keys().filter(|field| name != "Call" || !parts.contains(&field.as_str())).collect();
        assert!(always.iter().all(|field| required.contains(&field.as_str())), "{name}: {required:?}");
        // `Value` keeps no order, so the text is searched.
        let text = &text[text.find(&format!("\n   \"{name}\": {{\n")).unwrap()..];
        let places: Vec<_> = required.iter().map(|field| text.find(&format!("\n     \"{field}\": "))).collect();
        assert!(places.is_sorted() && places.iter().all(Option::is_some), "{name}: {required:?} {places:?}");
    }
}

/// Events say their types as the document names them.
#[test]
fn the_document_names_the_types_of_events() {
    let types = document()["components"]["schemas"]["StoreEventType"]["enum"].clone();
    let types: Vec<_> = types.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!((types.len(), types[0], types[15]), (16, "call.started", "stream.disconnected"));
    assert!(types.iter().all(|name| name.contains('.')), "{types:?}");
}

/// A field has one type. Its description beside an inlined schema would be a second one, an object.
#[test]
fn nothing_has_two_types_at_once() {
    fn check(value: &Value) {
        for part in value.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            assert!(part["type"] != "object" || part.get("properties").is_some(), "{value}");
        }
        match value {
            Value::Array(items) => items.iter().for_each(check),
            Value::Object(fields) => fields.values().for_each(check),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    check(&document());
}
