//! Calls: starting, finding, changing, ending and deleting them.

use reqwest::Method;
use serde_json::json;

use crate::support::{Server, call};

#[tokio::test]
async fn the_same_start_again_returns_the_same_call() {
    let server = Server::start().await;
    let first = server.post("/calls", &call("MZ1")).await.expect(201);
    assert_eq!(first.header("location"), format!("/calls/{}", first.json()["id"].as_str().unwrap()));
    let again = server.post("/calls", &call("MZ1")).await.expect(200);
    assert_eq!(first.json(), again.json());
}

#[tokio::test]
async fn a_stream_sid_with_other_content_is_a_conflict() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let other = json!({ "streamSid": "MZ1", "caller": "someone else" });
    server.post("/calls", &other).await.expect_problem(409, "stream_sid_conflict");
}

#[tokio::test]
async fn a_patch_with_null_removes_and_leaves_the_rest() {
    let server = Server::start().await;
    server
        .post("/calls", &json!({ "streamSid": "MZ1", "caller": "a", "agent": "b", "callSid": "CA1" }))
        .await
        .expect(201);
    let changed = server.send(Method::PATCH, "/calls/MZ1", &json!({ "agent": null })).await.expect(200).json();
    assert_eq!((&changed["agent"], &changed["callSid"]), (&json!(null), &json!("CA1")));
}
