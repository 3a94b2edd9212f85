//! `ETag`, `If-Match` and `If-None-Match`: a client changes only what it has seen, and downloads only what it has not.

use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

use crate::support::{Answer, Server, chunk};

/// Sends a request with conditions.
async fn send(server: &Server, method: Method, path: &str, body: &Value, conditions: &[(&str, &str)]) -> Answer {
    let headers: HeaderMap =
        conditions.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    Answer::read(server.request(method, path).headers(headers).json(body).send().await.unwrap()).await
}

/// The ETag of a path.
async fn tag(server: &Server, path: &str) -> String {
    let tag = server.get(path).await.expect(200).header("etag").to_owned();
    assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    tag
}

#[tokio::test]
async fn a_call_is_changed_only_by_who_has_seen_it() {
    let server = Server::start().await;
    let started = server.post("/calls", &crate::support::call("MZ1")).await.expect(201);
    let seen = tag(&server, "/calls/MZ1").await;
    assert_eq!(started.header("etag"), seen);
    // Adding audio does not change the call.
    server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    assert_eq!(tag(&server, "/calls/MZ1").await, seen);

    let (path, one, two) = ("/calls/MZ1", json!({ "agent": "one" }), json!({ "agent": "two" }));
    let changed = send(&server, Method::PATCH, path, &one, &[("if-match", &seen)]).await.expect(200);
    let now = tag(&server, path).await;
    assert_eq!(changed.header("etag"), now);
    // Both were made at the same time.
    let late = send(&server, Method::PATCH, path, &two, &[("if-match", &seen)]).await;
    late.expect_problem(412, "precondition_failed");
    for (name, value) in
        [("if-match", format!("W/{now}")), ("if-match", "nonsense".to_owned()), ("if-none-match", now.clone())]
    {
        let refused = send(&server, Method::PATCH, path, &two, &[(name, &value)]).await;
        refused.expect_problem(412, "precondition_failed");
    }
    assert_eq!(server.get(path).await.json()["agent"], "one");
    let both = format!("{seen}, {now}");
    send(&server, Method::PATCH, path, &two, &[("if-match", &both)]).await.expect(200);
    send(&server, Method::PATCH, path, &json!({ "agent": "three" }), &[("if-match", "*"), ("if-none-match", &seen)])
        .await
        .expect(200);

    send(&server, Method::DELETE, path, &json!(null), &[("if-match", &now)])
        .await
        .expect_problem(412, "precondition_failed");
    let last = tag(&server, path).await;
    // A shell takes the quotes away.
    send(&server, Method::DELETE, path, &json!(null), &[("if-match", last.trim_matches('"'))]).await.expect(204);
    send(&server, Method::PATCH, path, &one, &[("if-match", &last)]).await.expect_problem(404, "call_not_found");
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let (bare, whole) = ("/calls/MZ1", "/calls/MZ1?include=transcripts,metadata");
    let (seen, seen_whole) = (tag(&server, bare).await, tag(&server, whole).await);
    for (path, seen) in [(bare, &seen), (whole, &seen_whole)] {
        for tags in [seen.clone(), format!("W/{seen}"), format!("\"other\", {seen}"), "*".to_owned()] {
            let answer = server.get_with(path, "if-none-match", &tags).await.expect(304);
            assert_eq!((answer.bytes.len(), answer.header("etag")), (0, seen.as_str()));
        }
        server.get_with(path, "if-none-match", "\"other\"").await.expect(200);
    }
    // Parts that are shown count for the version.
    let said = json!({ "speaker": "caller", "text": "hello" });
    server.post("/calls/MZ1/transcripts", &said).await.expect(201);
    server.get_with(bare, "if-none-match", &seen).await.expect(304);
    server.get_with(whole, "if-none-match", &seen_whole).await.expect(200);
    // A client that has seen the parts has also seen the call.
    let change = json!({ "agent": "one" });
    send(&server, Method::PATCH, bare, &change, &[("if-match", &seen_whole)]).await.expect(200);
    send(&server, Method::PATCH, bare, &change, &[("if-match", &seen_whole)])
        .await
        .expect_problem(412, "precondition_failed");
}

#[tokio::test]
async fn metadata_is_changed_only_by_who_has_seen_it() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let (path, german, french) = ("/calls/MZ1/metadata", json!({ "language": "de" }), json!({ "language": "fr" }));
    for method in [Method::PUT, Method::PATCH] {
        let refused = send(&server, method.clone(), path, &german, &[("if-match", "*")]).await;
        refused.expect_problem(412, "precondition_failed");
    }
    let made = send(&server, Method::PUT, path, &german, &[("if-none-match", "*")]).await.expect(201);
    let refused = send(&server, Method::PUT, path, &french, &[("if-none-match", "*")]).await;
    let refused = refused.expect_problem(412, "precondition_failed");
    assert!(refused.text().contains("exists already"), "{}", refused.text());
    let seen = tag(&server, path).await;
    assert_eq!(made.header("etag"), seen);
    server.get_with(path, "if-none-match", &seen).await.expect(304);

    let changed = send(&server, Method::PATCH, path, &french, &[("if-match", &seen)]).await.expect(200);
    let now = changed.header("etag").to_owned();
    assert_eq!(tag(&server, path).await, now);
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let refused = send(&server, method, path, &german, &[("if-match", &seen)]).await;
        refused.expect_problem(412, "precondition_failed");
    }
    send(&server, Method::DELETE, path, &json!(null), &[("if-match", &now)]).await.expect(204);
    let gone = send(&server, Method::DELETE, path, &json!(null), &[("if-match", &now)]).await;
    gone.expect_problem(404, "metadata_not_found");
}
