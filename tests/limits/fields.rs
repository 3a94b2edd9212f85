//! The service enforces the lengths and ranges in the document: each limit is tested from both sides.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    document::{Operation, document, operations, resource_of},
    support::{Answer, Server},
};

/// A value of a field, and whether it is allowed.
type Trial = (Value, bool);

/// The values to test that follow from a schema, and the limits found in it.
fn trials(schema: &Value) -> Vec<Trial> {
    let mut trials = Vec::new();
    let text = |length: u64| json!("a".repeat(length as usize));
    let number = |name: &str| schema[name].as_i64();
    let is_text = schema["format"] != "byte" && schema.to_string().contains("\"string\"");
    if let (Some(least), true) = (schema["minLength"].as_u64(), is_text) {
        trials.extend([(text(least), true), (text(least - 1), false)]);
    }
    if let (Some(most), true) = (schema["maxLength"].as_u64(), is_text) {
        trials.extend([(text(most), true), (text(most + 1), false)]);
    }
    // A sample rate is one of a list within its range; it is tested with calls.
    if let Some(least) = number("minimum") {
        trials.extend([(json!(least), true), (json!(least - 1), false)]);
    }
    if let Some(most) = number("maximum") {
        trials.extend([(json!(most), true), (json!(most + 1), false)]);
    }
    if let Some(pattern) = schema["pattern"].as_str().filter(|_| is_text) {
        trials.push((json!("a\0"), false));
        trials.push((json!("a b"), pattern.contains("u0000")));
    }
    trials
}

/// The fields of a body's schema, each with its own schema; none if any JSON is accepted.
pub(super) fn fields(document: &Value, operation: &Operation) -> Vec<(String, Value)> {
    let mut schema = &operation.value["requestBody"]["content"]["application/json"]["schema"];
    if let Some(options) = schema["oneOf"].as_array() {
        schema = options.iter().find(|option| !option["$ref"].is_null()).unwrap();
    }
    let schema =
        schema["$ref"].as_str().map_or(schema, |reference| &document["components"]["schemas"][name(reference)]);
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields.map(|(name, field)| (name.clone(), field.clone())).collect()
}

fn name(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn the_limits_of_bodies_are_as_documented() {
    let document = document();
    let mut tried = 0;
    for operation in operations() {
        let Some(example) = operation.example() else { continue };
        let server = Server::keyed().await;
        let mut id = resource_of(&server, &operation).await;
        for (field, schema) in fields(&document, &operation) {
            for (value, allowed) in trials(&schema) {
                tried += 1;
                // Each value gets its own call, so that earlier ones cannot interfere.
                let call = format!("MZ{tried}");
                if operation.path.starts_with("/admin/keys/") {
                    // A key is rotated once.
                    id = resource_of(&server, &operation).await;
                }
                server.start_call(&call).await;
                let mut body = example.clone();
                if operation.id() == "startCall" {
                    body["streamSid"] = json!(format!("new{tried}"));
                    body["callSid"] = json!(null);
                }
                if field == "endTime" {
                    body["startTime"] = json!(null);
                }
                if field == "startTime" {
                    body["endTime"] = json!(null);
                }
                body[&field] = value;
                let answer = server.send(operation.method.clone(), &operation.path_to(&call, &id), &body).await;
                let what = format!("{} {field} {}: {}", operation.id(), body[&field], answer.text());
                if allowed {
                    assert!(answer.status < 300, "{what}");
                } else {
                    assert_eq!(answer.status, 422, "{what}");
                    assert_eq!(answer.pointers(), [format!("/{field}")], "{what}");
                }
            }
        }
    }
    assert!(tried > 60, "the document lists limits, but only {tried} trials were found");
}

#[tokio::test]
async fn the_limits_of_queries_are_as_documented() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let recording = server.record("MZrecorded").await;
    let mut tried = 0;
    for operation in operations() {
        let parameters = operation.value["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in parameters.iter().filter(|parameter| parameter["in"] == "query") {
            for (value, allowed) in trials(&parameter["schema"]) {
                let Some(value) = value.as_i64() else { continue };
                tried += 1;
                let parameter = parameter["name"].as_str().unwrap();
                let call = format!("MZ{tried}");
                server.post("/calls", &json!({ "streamSid": call, "caller": "a" })).await;
                let required = if operation.id() == "searchTranscripts" { "q=a&" } else { "" };
                let of_hook = operation.path.starts_with("/webhooks/");
                let id = if of_hook { resource_of(&server, &operation).await } else { recording.clone() };
                let path = format!("{}?{required}{parameter}={value}", operation.path_to(&call, &id));
                let mut request = server.request(operation.method.clone(), &path);
                if operation.method == Method::POST {
                    request = request.header("content-type", "audio/basic").body(vec![0xFF]);
                }
                let answer = Answer::read(request.send().await.unwrap()).await;
                let expected = if allowed { answer.status < 300 } else { answer.status == 422 };
                assert!(expected, "{path}: {}", answer.text());
            }
        }
    }
    assert!(tried >= 16, "the document lists limits of queries, but only {tried} trials were found");
}
