//! The service itself: health, metrics, request ids, `HEAD`, compression, and pages other than operations.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Leftover, Server, chunk, on_folder, on_sqlite};

async fn ask(server: &Server, method: Method, path: &str, name: &str, value: &str) -> Answer {
    Answer::read(server.request(method, path).header(name, value).send().await.unwrap()).await
}

#[tokio::test]
async fn the_service_lives_and_is_ready() {
    let server = Server::start().await;
    assert_eq!(server.get("/livez").await.expect(200).json(), json!({ "status": "ok" }));
    let ready = server.get("/readyz").await.expect(200).json();
    assert_eq!((&ready["database"], &ready["store"], &ready["freeSpace"]), (&json!(true), &json!(true), &json!(true)));
    let is_local = on_sqlite() || on_folder();
    assert_eq!(ready["freeBytes"].as_u64().is_some_and(|bytes| bytes > 0), is_local, "{ready}");
}

#[tokio::test]
async fn the_service_is_not_ready_without_its_store_or_its_tables() {
    if !on_folder() {
        return; // An object store is not taken away like this: `objects` has that.
    }
    let server = Server::start().await;
    let recordings = server.recordings();
    std::fs::remove_dir_all(&recordings).unwrap();
    server.leaves(Leftover::Error("The recording store cannot be used"));
    let missing = server.get("/readyz").await.expect_problem(503, "not_ready");
    assert!(missing.text().contains("store"), "{}", missing.text());
    server.get("/livez").await.expect(200);
    std::fs::create_dir_all(recordings.join("tmp")).unwrap();
    server.get("/readyz").await.expect(200);
    server.break_database().await;
    let missing = server.get("/readyz").await.expect_problem(503, "not_ready");
    assert!(missing.text().contains("the database"), "{}", missing.text());
    server.get("/livez").await.expect(200);
}

#[tokio::test]
async fn metrics_count_calls_and_requests_and_name_nobody() {
    let server = Server::start().await;
    server.start_call("MZsecret").await;
    server.post("/calls/MZsecret/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    server.get("/calls?caller=%2B14155550134").await.expect(200);
    let answer = server.get("/metrics").await.expect(200);
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    let text = answer.text();
    for name in [
        "callstore_active_calls",
        "callstore_finalizing_calls",
        "callstore_free_bytes",
        "callstore_chunks_total{track=\"inbound\"}",
        "callstore_http_request_seconds_bucket",
        "route=\"/calls/{call}/chunks\"",
    ] {
        assert!(text.contains(name), "{name} is not in {text}");
    }
    assert!(!text.contains("MZsecret") && !text.contains("14155550134"));
}

#[tokio::test]
async fn a_request_keeps_its_id_or_gets_one() {
    let server = Server::start().await;
    for (path, status) in
        [("/livez", 200), ("/calls", 200), ("/nothing", 404), ("/calls/unknown", 404), ("/calls?x=1", 422)]
    {
        let answer = ask(&server, Method::GET, path, "x-request-id", "abc-123/~").await.expect(status);
        assert_eq!(answer.header("x-request-id"), "abc-123/~", "{path}");
        if status >= 400 {
            assert_eq!(answer.json()["requestId"], "abc-123/~");
        }
        let (first, second) = (server.get(path).await, server.get(path).await);
        assert_eq!(first.header("x-request-id").len(), 36);
        assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    }
    // Ids that would break a header or a log line are replaced.
    for bad in ["with space", "", &"x".repeat(129)] {
        let answer = ask(&server, Method::GET, "/livez", "x-request-id", bad).await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{bad}");
    }
}

#[tokio::test]
async fn head_is_answered_wherever_get_is() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for path in [
        "/calls",
        "/calls/MZ1",
        "/calls/MZ1/chunks",
        "/calls/MZ1/recordings",
        "/calls/MZ1/transcripts",
        "/calls/MZ1/analytics",
        "/livez",
        "/openapi.json",
        "/problems/not-found",
        "/calls/MZ1/metadata",
        "/calls/unknown",
        "/nothing",
        "/calls?limit=0",
        "/recordings/x",
        "/",
        "/dashboard/",
        "/dashboard/app.js",
        "/swagger-ui/",
    ] {
        let get = ask(&server, Method::GET, path, "x-request-id", "same").await;
        let head = ask(&server, Method::HEAD, path, "x-request-id", "same").await;
        assert_eq!(head.status, get.status, "{path}");
        assert!(head.bytes.is_empty());
        for name in ["content-type", "content-length", "location", "x-request-id"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
    for path in ["/metrics", "/readyz"] {
        let head = ask(&server, Method::HEAD, path, "x-request-id", "same").await.expect(200);
        assert!(head.bytes.is_empty());
    }
    ask(&server, Method::HEAD, "/audio/convert", "x-request-id", "same").await.expect(405);
}

#[tokio::test]
async fn json_is_compressed_for_who_asks() {
    let server = Server::start().await;
    for number in 0..50 {
        server.start_call(&format!("MZ{number}")).await;
    }
    let plain = server.get("/calls").await.expect(200);
    assert_eq!(plain.header("content-encoding"), "");
    let packed = ask(&server, Method::GET, "/calls", "accept-encoding", "gzip").await.expect(200);
    assert_eq!((packed.header("content-encoding"), &packed.bytes[..2]), ("gzip", &[0x1F, 0x8B][..]));
    assert!(packed.bytes.len() * 4 < plain.bytes.len());
    assert!(packed.header("vary").to_lowercase().contains("accept-encoding"));
    let none = ask(&server, Method::GET, "/calls", "accept-encoding", "identity").await.expect(200);
    assert_eq!(none.bytes, plain.bytes);
}

#[tokio::test]
async fn a_path_tells_which_methods_it_takes() {
    let server = Server::start().await;
    for (method, path, allowed) in [
        (Method::PUT, "/calls", "GET, HEAD, POST"),
        (Method::POST, "/calls/MZ1", "DELETE, GET, HEAD, PATCH"),
        (Method::GET, "/calls/MZ1/end", "POST"),
        (Method::DELETE, "/calls/MZ1/chunks", "GET, HEAD, POST"),
        (Method::GET, "/calls/MZ1/chunks/batch", "POST"),
        (Method::POST, "/calls/MZ1/metadata", "DELETE, GET, HEAD, PATCH, PUT"),
        (Method::POST, "/livez", "GET, HEAD"),
        (Method::DELETE, "/swagger-ui/", "GET, HEAD"),
        (Method::TRACE, "/audio/convert", "POST"),
        (Method::OPTIONS, "/", "GET, HEAD"),
    ] {
        let answer = Answer::read(server.request(method.clone(), path).send().await.unwrap()).await;
        let answer = answer.expect_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn the_front_page_leads_to_the_dashboard() {
    let server = Server::start().await;
    for (path, page) in [("/", "/dashboard/"), ("/dashboard", "/dashboard/"), ("/swagger-ui", "/swagger-ui/")] {
        assert_eq!(server.get(path).await.expect(307).header("location"), page);
    }
    let page = server.get("/swagger-ui/").await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"), "{}", page.header("content-type"));
    for file in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        let file = server.get(&format!("/swagger-ui/{file}")).await.expect(200);
        assert!(!file.text().contains("https://cdn") && !file.bytes.is_empty());
    }
}

#[tokio::test]
async fn a_problem_leads_to_its_explanation() {
    let server = Server::start().await;
    let problem = server.get("/calls/unknown").await.expect_problem(404, "call_not_found").json();
    let kind = server.get(problem["type"].as_str().unwrap()).await.expect(200).json();
    assert_eq!(
        (&kind["code"], &kind["status"], &kind["type"]),
        (&problem["code"], &problem["status"], &problem["type"])
    );
    assert_eq!(kind["title"], problem["title"]);
}

#[tokio::test]
async fn all_calls_are_there_after_a_restart() {
    let mut server = Server::start().await;
    server.start_call("MZ1").await;
    server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    server.post("/calls/MZ1/transcripts", &json!({ "speaker": "a", "text": "b" })).await.expect(201);
    let before = server.get("/calls/MZ1?include=transcripts").await.json();
    server.restart().await;
    assert_eq!(server.get("/calls/MZ1?include=transcripts").await.json(), before);
    server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(200);
}
