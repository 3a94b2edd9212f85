//! Limits of the HTTP library and the JSON parser, tested from both sides: a clear response, and a service that goes
//! on.

use serde_json::{Value, json};

use crate::{
    document::operations,
    support::{Answer, Server},
};

async fn get(server: &Server, path: &str, headers: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n");
    server.raw(request.as_bytes()).await
}

#[tokio::test]
async fn a_head_beyond_its_limits_is_refused_and_the_service_goes_on() {
    let server = Server::start().await;
    let header = |length: usize| format!("x-long: {}\r\n", "a".repeat(length));
    // Beside `host` and `connection`.
    let headers = |count: usize| "x-many: a\r\n".repeat(count - 2);
    let path = |length: usize| format!("/{}", "a".repeat(length - 1));
    get(&server, "/livez", &header(120 * 1024)).await.expect(200);
    get(&server, "/livez", &headers(96)).await.expect(200);
    get(&server, &path(65_534), "").await.expect_problem(404, "not_found");
    for _ in 0..8 {
        get(&server, "/livez", &header(128 * 1024)).await.expect(431);
        get(&server, "/livez", &headers(97)).await.expect(431);
        get(&server, &path(65_535), "").await.expect(400);
        get(&server, &path(128 * 1024), "").await.expect(431);
        server.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").await.expect(400);
    }
    server.get("/livez").await.expect(200);
}

/// Bodies that are deeply nested at the top, in a known field, and in an unknown one.
fn deep_bodies(example: &Value, depth: usize) -> Vec<String> {
    let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let mut bodies = vec![deep.clone()];
    for field in example.as_object().unwrap().keys().chain([&"unheardOf".to_owned()]) {
        let mut body = example.clone();
        body[field] = json!("DEEP");
        bodies.push(body.to_string().replace("\"DEEP\"", &deep));
    }
    bodies
}

#[tokio::test]
async fn json_of_any_depth_has_a_clear_answer_from_every_operation() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for operation in operations() {
        let Some(example) = operation.example() else { continue };
        if operation.id() == "importTranscripts" {
            // A recognizer's document may hold anything beside what is read of it.
            continue;
        }
        let path = operation.path_to("MZ1", "00000000-0000-7000-8000-000000000000");
        for depth in [17, 128, 100_000] {
            for body in deep_bodies(example, depth) {
                let request = server.request(operation.method.clone(), &path);
                let request = request.header("content-type", "application/json").body(body);
                let answer = Answer::read(request.send().await.unwrap()).await;
                answer.expect_problem(422, "validation_failed");
            }
        }
    }
    server.get("/livez").await.expect(200);
}
