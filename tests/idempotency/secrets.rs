//! Responses that hold a secret or a text are repeated to its owner, while it is there.

use reqwest::Method;
use serde_json::json;

use super::post_json;
use crate::{
    ownership::{make, send},
    support::{Answer, Server, call, query_strings},
};

#[tokio::test]
async fn a_new_key_is_repeated_only_to_the_key_that_made_it() {
    let server = Server::keyed().await;
    let (admin, id) = make(&server, json!({ "scope": "admin" })).await;
    let create = async |key: &str| {
        let request = server.request(Method::POST, "/admin/keys").header("idempotency-key", "1");
        let request = request.bearer_auth(key).json(&json!({ "scope": "read" }));
        Answer::read(request.send().await.unwrap()).await
    };
    let made = create(&admin).await.expect(201);
    assert_eq!(create(&admin).await.expect(201).bytes, made.bytes);
    // Its successor has the same names, as whoever reads the database has, but not the key that has sealed it.
    let rotated = server.post(&format!("/admin/keys/{id}/rotate"), &json!({})).await.expect(201).json();
    let refused = create(rotated["key"].as_str().unwrap()).await.expect_problem(409, "not_repeatable");
    assert!(refused.text().contains("Revoke the new key"), "{}", refused.text());
    assert_eq!(create(&admin).await.expect(201).bytes, made.bytes);
}

#[tokio::test]
async fn a_call_token_is_repeated_while_it_works() {
    let server = Server::keyed().await;
    let (key, id) = make(&server, json!({ "scope": "ingest" })).await;
    send(&server, &key, Method::POST, "/calls", &call("MZ1")).await.expect(201);
    let token = async |key: &str, name: &str| {
        let request = server.request(Method::POST, "/calls/MZ1/tokens").header("idempotency-key", name);
        Answer::read(request.bearer_auth(key).json(&json!({ "ttlSeconds": 60 })).send().await.unwrap()).await
    };
    let made = token(&key, "a").await.expect(201);
    assert_eq!(token(&key, "a").await.expect(201).bytes, made.bytes);
    let rotate = json!({ "overlapSeconds": 0 });
    let rotated = server.post(&format!("/admin/keys/{id}/rotate"), &rotate).await.expect(201).json();
    let key = rotated["key"].as_str().unwrap();
    let refused = token(key, "a").await.expect_problem(409, "not_repeatable");
    assert!(refused.text().contains("revoked"), "{}", refused.text());
    token(key, "b").await.expect(201);
    server.clock.advance_ms(60_000);
    let refused = token(key, "b").await.expect_problem(409, "not_repeatable");
    assert!(refused.text().contains("has expired"), "{}", refused.text());
}

#[tokio::test]
async fn a_retry_holds_no_text_of_its_transcript() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let said = json!({ "speaker": "a", "text": "canary ".repeat(1000) });
    let both = json!({ "transcripts": [said, said] });
    let one = post_json(&server, "one", "/calls/MZ1/transcripts", &said).await.expect(201);
    let batch = post_json(&server, "batch", "/calls/MZ1/transcripts/batch", &both).await.expect(201);
    let database = server.database().await;
    let kept = query_strings(&database, "SELECT CAST(MAX(LENGTH(outcome)) AS TEXT) FROM idempotency_key").await;
    database.close().await.unwrap();
    assert!(kept[0].parse::<u32>().unwrap() < 300, "{kept:?}");
    // The response to a retry is the same, as long as its transcripts are there.
    assert_eq!(post_json(&server, "one", "/calls/MZ1/transcripts", &said).await.expect(201).bytes, one.bytes);
    assert_eq!(post_json(&server, "batch", "/calls/MZ1/transcripts/batch", &both).await.expect(201).bytes, batch.bytes);
    let id = one.json()["id"].as_str().unwrap().to_owned();
    server.delete(&format!("/transcripts/{id}")).await.expect(204);
    let again = post_json(&server, "one", "/calls/MZ1/transcripts", &said).await;
    again.expect_problem(404, "transcript_not_found");
    assert_eq!(server.count("transcript").await, 2);
}
