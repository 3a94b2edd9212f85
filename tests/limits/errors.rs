//! An error names the limits that apply, whatever is wrong with a number: its type, its sign or its size.

use serde_json::{Value, json};

use super::fields::fields;
use crate::{
    document::{document, operations},
    support::{Answer, Server},
};

/// The least and the largest number that a schema allows.
fn limits(schema: &Value) -> Vec<i64> {
    let is_number = ["\"number\"", "\"integer\""].iter().any(|kind| schema["type"].to_string().contains(kind));
    if !is_number {
        return Vec::new();
    }
    ["minimum", "maximum"].iter().filter_map(|name| schema[name].as_i64()).collect()
}

/// Values that a schema with these limits does not allow.
fn wrong(schema: &Value) -> Vec<Value> {
    let mut wrong = vec![json!("12"), json!("a"), json!(true), json!([1]), json!({ "a": 1 }), json!(-1), json!(-0.5)];
    if schema["type"].to_string().contains("\"integer\"") {
        wrong.push(json!(20.5));
    }
    if let Some(most) = schema["maximum"].as_i64() {
        wrong.extend([json!(most + 1), json!(1_732_838_979_000_i64), json!(1e300)]);
    }
    wrong
}

fn names(answer: &Answer, limits: &[i64]) -> bool {
    let detail = answer.json()["errors"][0]["detail"].as_str().unwrap().replace(',', "");
    let numbers: Vec<_> = detail.split(|character: char| !character.is_ascii_digit()).collect();
    limits.iter().all(|limit| numbers.contains(&limit.to_string().as_str()))
}

#[tokio::test]
async fn whatever_is_wrong_with_a_number_of_a_body_the_error_names_its_limits() {
    let document = document();
    let server = Server::start().await;
    let recording = server.record("recorded").await;
    server.start_call("MZ1").await;
    let mut tried = 0;
    for operation in operations() {
        let Some(example) = operation.example() else { continue };
        for (field, schema) in fields(&document, &operation) {
            let limits = limits(&schema);
            for value in wrong(&schema).into_iter().filter(|_| !limits.is_empty()) {
                tried += 1;
                let mut body = example.clone();
                // The order of the two is another rule.
                for other in ["startTime", "endTime"] {
                    if let Some(time) = body.get_mut(other) {
                        *time = json!(null);
                    }
                }
                body[&field] = value;
                let answer = server.send(operation.method.clone(), &operation.path_to("MZ1", &recording), &body).await;
                let what = format!("{} {field} {}: {}", operation.id(), body[&field], answer.text());
                assert_eq!(answer.status, 422, "{what}");
                assert_eq!(answer.pointers(), [format!("/{field}")], "{what}");
                assert!(names(&answer, &limits), "{what} does not name {limits:?}");
            }
        }
    }
    assert!(tried > 80, "the document has limits of numbers, but only {tried} trials were found");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_number_of_a_query_the_error_names_its_limits() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let mut tried = 0;
    for operation in operations() {
        let parameters = operation.value["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in parameters.iter().filter(|parameter| parameter["in"] == "query") {
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let limits = limits(schema);
            let mut wrong: Vec<_> = ["", "a", "-1", "1e", "0x1", "true"].map(str::to_owned).into();
            if schema["type"].to_string().contains("\"integer\"") {
                wrong.push("1.5".to_owned());
            }
            if let Some(most) = schema["maximum"].as_i64() {
                wrong.extend([(most + 1).to_string(), "99999999999999999999".to_owned()]);
            }
            for value in wrong.into_iter().filter(|_| !limits.is_empty()) {
                tried += 1;
                let path =
                    format!("{}?{name}={value}", operation.path_to("MZ1", "00000000-0000-7000-8000-000000000000"));
                let mut request = server.request(operation.method.clone(), &path);
                if operation.id() == "addAudioChunk" {
                    request = request.header("content-type", "audio/basic").body(vec![0xFF]);
                }
                let answer = Answer::read(request.send().await.unwrap()).await;
                let what = format!("{path}: {}", answer.text());
                assert_eq!(answer.status, 422, "{what}");
                assert!(names(&answer, &limits), "{what} does not name {limits:?}");
            }
        }
    }
    assert!(tried > 60, "the document has limits of queries, but only {tried} trials were found");
}

/// What is no JSON at all stays malformed, also where a number was expected.
#[tokio::test]
async fn a_body_that_is_not_json_is_malformed_wherever_it_breaks_off() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for body in [
        r#"{"audio":"/w==","sequence":tru}"#,
        r#"{"audio":"/w==","sequence":}"#,
        r#"{"audio":"/w==","sequence":"1"#,
        r#"{"audio":"/w==","timestamp":1.}"#,
        r#"{"audio":"/w==","timestamp":[1}"#,
        r#"{"audio":5,"timestamp":1"#,
    ] {
        let answer = server.post_bytes("/calls/MZ1/chunks", "application/json", body).await;
        answer.expect_problem(400, "malformed_json");
    }
    for body in [r#"{"audio":"/w==","sequence":1e400}"#, r#"{"audio":"/w==","timestamp":-1e400}"#] {
        let answer = server.post_bytes("/calls/MZ1/chunks", "application/json", body).await;
        answer.expect_problem(422, "validation_failed");
    }
}
