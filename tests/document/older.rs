//! `callstore openapi --version 3.0`: the same operations, expressed in OpenAPI 3.0.

use std::collections::BTreeSet;

use openapiv3::{OpenAPI, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use super::operations;
use crate::support::Binary;

async fn printed(version: &str) -> String {
    let folder = TempDir::new().unwrap();
    let mut command = Binary::bare(folder.path());
    command.args(["openapi", "--version", version]);
    let output = Binary::output(command).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Every object inside a value.
fn objects<'a>(value: &'a Value, look: &mut impl FnMut(&'a serde_json::Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            look(fields);
            // Examples are data.
            let described = fields.iter().filter(|(name, _)| !["example", "value"].contains(&name.as_str()));
            described.for_each(|(_, value)| objects(value, look));
        }
        Value::Array(items) => items.iter().for_each(|item| objects(item, look)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_document_of_3_0_is_read_by_the_crate_that_rust_generators_use() {
    let document: OpenAPI = serde_json::from_str(&printed("3.0").await).unwrap();
    assert_eq!(document.openapi, "3.0.3");

    let mut older: Vec<(String, String, BTreeSet<String>)> = Vec::new();
    for (path, method, operation) in document.operations() {
        let statuses = operation.responses.responses.keys().map(StatusCode::to_string).collect();
        older.push((operation.operation_id.clone().unwrap(), format!("{method} {path}"), statuses));
    }
    let mut newer: Vec<_> = operations()
        .iter()
        .map(|operation| {
            let statuses = operation.value["responses"].as_object().unwrap().keys().cloned().collect();
            let place = format!("{} {}", operation.method.as_str().to_lowercase(), operation.path);
            (operation.id().to_owned(), place, statuses)
        })
        .collect();
    older.sort();
    newer.sort();
    // The generators of Rust take no more.
    let bodies = document.operations().filter_map(|(.., operation)| operation.request_body.as_ref()?.as_item());
    let types: Vec<_> = bodies.map(|body| body.content.len()).collect();
    assert!(types.len() > 10 && types.iter().all(|&count| count == 1), "{types:?}");
    assert_eq!(older, newer);

    let nullable = |name: &str, field: &str| {
        let schema = document.components.as_ref().unwrap().schemas[name].as_item().unwrap().clone();
        let openapiv3::SchemaKind::Type(openapiv3::Type::Object(object)) = schema.schema_kind else { panic!("{name}") };
        object.properties[field].as_item().is_some_and(|schema| schema.schema_data.nullable)
    };
    for field in ["agent", "direction", "endTime", "duration", "failure"] {
        assert!(nullable("Call", field), "{field}");
    }
    assert!(!nullable("Call", "caller") && !nullable("Call", "startTime"));
}

#[tokio::test]
async fn the_document_of_3_0_has_nothing_that_only_3_1_knows() {
    let document: Value = serde_json::from_str(&printed("3.0").await).unwrap();
    let mut found = Vec::new();
    objects(&document, &mut |fields| {
        let types = fields.get("type").is_some_and(|kind| kind.is_array() || kind == "null");
        let beside = fields.get("$ref").is_some_and(Value::is_string) && fields.len() > 1;
        let unknown = ["const", "prefixItems", "propertyNames", "contentEncoding", "contentMediaType", "identifier"];
        let list_of_examples = fields.get("examples").is_some_and(Value::is_array);
        if types || beside || list_of_examples || unknown.iter().any(|name| fields.contains_key(*name)) {
            found.push(Value::Object(fields.clone()));
        }
    });
    assert!(found.is_empty(), "{found:#?}");

    let mut references = 0;
    objects(&document, &mut |fields| {
        if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
            references += 1;
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} does not resolve");
        }
    });
    assert!(references > 200, "{references}");
}

#[tokio::test]
async fn without_a_version_the_document_is_the_one_that_is_served() {
    assert_eq!(printed("3.1").await, api::document().unwrap().0);
}
