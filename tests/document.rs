//! The OpenAPI document: it equals the one in the repository, is complete, and agrees with the service.

mod examples;
mod older;
mod resources;
mod shape;

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

pub(crate) use self::resources::resource_of;
use crate::support::{Answer, Server};

/// The document as the binary prints it.
pub(crate) fn document() -> Value {
    serde_json::from_str(&api::document().unwrap().0).unwrap()
}

/// An operation of the document: method, path, and description.
#[derive(Clone)]
pub(crate) struct Operation {
    pub method: Method,
    pub path: String,
    pub value: Value,
}

impl Operation {
    pub(crate) fn id(&self) -> &str {
        self.value["operationId"].as_str().unwrap()
    }

    /// The path with a call, a recording and a problem in place of its parameters.
    pub(crate) fn path_to(&self, call: &str, recording: &str) -> String {
        self.path.replace("{call}", call).replace("{id}", recording).replace("{name}", "call-ended")
    }

    /// The example of the JSON body, if the operation takes one.
    pub(crate) fn example(&self) -> Option<&Value> {
        self.value["requestBody"]["content"].get("application/json").map(|content| &content["example"])
    }
}

/// Replaces references to shared components, except schemas, with the components themselves.
fn resolve(value: &mut Value, components: &Value) {
    let reference =
        value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix("#/components/"));
    if let Some(reference) = reference.filter(|reference| !reference.starts_with("schemas/")) {
        let shared = components.pointer(&format!("/{reference}")).unwrap_or_else(|| panic!("{reference} is missing"));
        *value = shared.clone();
    }
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|field| resolve(field, components)),
        Value::Array(items) => items.iter_mut().for_each(|item| resolve(item, components)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// All operations of the document, with shared components resolved.
pub(crate) fn operations() -> Vec<Operation> {
    let mut document = document();
    let components = document["components"].clone();
    resolve(&mut document["paths"], &components);
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, value) in item.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            operations.push(Operation { method, path: path.clone(), value: value.clone() });
        }
    }
    operations
}

#[test]
fn the_document_in_the_repository_is_the_service_s_own() {
    let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json")).unwrap();
    let same = kept == api::document().unwrap().0;
    assert!(same, "openapi.json is out of date; regenerate it: cargo run -- openapi > openapi.json");
}

#[tokio::test]
async fn the_served_document_is_the_same() {
    let server = Server::start().await;
    let served = server.get("/openapi.json").await.expect(200);
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!(served.text(), api::document().unwrap().0);
}

#[test]
fn every_operation_is_described_and_exemplified() {
    for operation in operations() {
        let (id, value) = (operation.id(), &operation.value);
        for field in ["summary", "description"] {
            assert!(value[field].as_str().is_some_and(|text| !text.is_empty()), "{id} has no {field}");
        }
        assert_eq!(value["tags"].as_array().map(Vec::len), Some(1), "{id}");
        for parameter in value["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].is_string(), "{id}: {parameter}");
        }
        for (kind, content) in value["requestBody"]["content"].as_object().into_iter().flatten() {
            let raw = kind.starts_with("audio/") || kind == "application/octet-stream";
            assert!(raw || !content["example"].is_null(), "{id} has no example of {kind}");
        }
        for (status, response) in value["responses"].as_object().unwrap() {
            assert!(
                response["description"].is_string() && !response["headers"]["X-Request-Id"].is_null(),
                "{id} {status}"
            );
            if status.starts_with(['4', '5']) {
                let problem = &response["content"]["application/problem+json"];
                assert_eq!(problem["schema"]["$ref"], "#/components/schemas/Problem", "{id} {status}");
                let examples = problem["examples"].as_object().unwrap();
                assert!(!examples.is_empty(), "{id} {status} names no code");
                assert!(
                    examples
                        .values()
                        .all(|example| example["value"]["status"] == json!(status.parse::<u16>().unwrap())),
                    "{id} {status}"
                );
            } else if let Some(content) = response["content"].get("application/json") {
                assert!(!content["example"].is_null(), "{id} {status} has no example");
            }
        }
    }
}

#[test]
fn operation_ids_are_those_of_the_contract() {
    let mut ids: Vec<_> = operations().iter().map(|operation| operation.id().to_owned()).collect();
    ids.sort_unstable();
    let mut contract = [
        "startCall",
        "listCalls",
        "getCall",
        "getCallStats",
        "updateCall",
        "endCall",
        "deleteCall",
        "addAudioChunk",
        "addAudioChunks",
        "getChunkStatus",
        "listRecordings",
        "getRecording",
        "downloadRecording",
        "getPeaks",
        "getCallPeaks",
        "getCallAudio",
        "createRecordingLink",
        "addTranscript",
        "addTranscripts",
        "importTranscripts",
        "updateTranscript",
        "deleteTranscript",
        "listTranscripts",
        "searchTranscripts",
        "listCallEvents",
        "listEvents",
        "streamEvents",
        "addAnalytics",
        "listAnalytics",
        "getComputedAnalytics",
        "listSpeech",
        "setMetadata",
        "updateMetadata",
        "getMetadata",
        "deleteMetadata",
        "convertAudio",
        "createCallToken",
        "createKey",
        "listKeys",
        "revokeKey",
        "rotateKey",
        "listAudit",
        "createWebhook",
        "listWebhooks",
        "getWebhook",
        "updateWebhook",
        "deleteWebhook",
        "rotateWebhookSecret",
        "testWebhook",
        "listDeliveries",
        "retryDelivery",
        "replayWebhook",
        "twilioVoice",
        "twilioStatus",
        "getLivez",
        "getReadyz",
        "getMetrics",
        "getProblem",
    ];
    contract.sort_unstable();
    assert_eq!(ids, contract);
}

#[tokio::test]
async fn every_code_of_the_document_is_explained() {
    let server = Server::start().await;
    let codes = document()["components"]["schemas"]["ProblemCode"].clone();
    let values = codes["enum"].as_array().cloned();
    let values = values
        .unwrap_or_else(|| codes["oneOf"].as_array().unwrap().iter().map(|code| code["enum"][0].clone()).collect());
    assert!(values.len() >= 20, "{codes}");
    for code in values {
        let code = code.as_str().unwrap();
        let kind = server.get(&format!("/problems/{}", code.replace('_', "-"))).await.expect(200).json();
        assert_eq!(kind["code"], code);
        assert!(kind["title"].is_string() && kind["explanation"].is_string() && kind["status"].is_u64(), "{kind}");
    }
}

/// Routes are attributes of handlers (`#[get("/calls")]`). Those registered in another way are pages, listed here.
#[test]
fn every_route_in_the_sources_is_in_the_document() {
    let mut routes = Vec::new();
    let mut others = Vec::new();
    visit(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut |path, source| {
        for line in source.lines().map(str::trim) {
            let attribute = line.strip_prefix("#[").and_then(|line| line.strip_suffix("\")]"));
            if let Some((method, route)) = attribute.and_then(|line| line.split_once("(\"/")) {
                routes.push(format!("{} /{route}", method.to_uppercase()));
            }
            let by_hand =
                [".route(", ".resource(", "web::resource", "web::scope", ".default_service(", "SwaggerUi::new("];
            if by_hand.iter().any(|call| line.contains(call)) {
                others.push(format!("{}: {line}", path.file_name().unwrap().display()));
            }
        }
    });
    let mut documented: Vec<_> =
        operations().iter().map(|operation| format!("{} {}", operation.method, operation.path)).collect();
    routes.sort();
    documented.sort();
    assert_eq!(routes, documented);
    let beside =
        |line: &String| !["pages.rs: ", "server.rs: .default_service("].iter().any(|known| line.starts_with(known));
    let unknown: Vec<_> = others.into_iter().filter(beside).collect();
    assert!(unknown.is_empty(), "routes that are not in the document: {unknown:?}");
}

fn visit(folder: &Path, look: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, look);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            look(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[tokio::test]
async fn every_operation_refuses_a_query_parameter_that_it_does_not_know() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    // Numbers at Twilio may have webhooks with parameters of their owner's.
    for operation in operations().into_iter().filter(|operation| !operation.path.starts_with("/twilio/")) {
        let path = format!("{}?nonsense=1", operation.path_to("MZ1", "00000000-0000-7000-8000-000000000000"));
        let mut request = server.request(operation.method.clone(), &path);
        if let Some(example) = operation.example() {
            request = request.json(example);
        }
        let answer = Answer::read(request.send().await.unwrap()).await;
        let answer = answer.expect_problem(422, "validation_failed");
        let named = answer.pointers() == ["/nonsense"] || operation.id() == "addAudioChunk";
        assert!(named, "{}: {}", operation.id(), answer.text());
    }
}

/// The examples are requests that work unchanged.
#[tokio::test]
async fn every_example_of_a_body_is_accepted() {
    for operation in operations() {
        let Some(example) = operation.example() else { continue };
        let server =
            if operation.path.starts_with("/admin/keys/") { Server::keyed().await } else { Server::start().await };
        if operation.path.contains("{call}") {
            let call = json!({ "streamSid": "MZ1", "caller": "a", "startTime": "2026-01-02T03:04:05.678Z" });
            server.post("/calls", &call).await.expect(201);
        }
        let id = resource_of(&server, &operation).await;
        let answer = server.send(operation.method.clone(), &operation.path_to("MZ1", &id), example).await;
        assert!(answer.status < 300, "{}: {}", operation.id(), answer.text());
    }
}
