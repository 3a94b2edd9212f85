//! What is searchable: each change with its answer, and nothing that is deleted.

use reqwest::Method;
use serde_json::json;

use super::{call_with, search, texts};
use crate::support::{Server, eventually};

#[tokio::test]
async fn a_change_is_searchable_when_it_is_answered() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let path = "/calls/MZ1/transcripts";
    let interim = json!({ "externalId": "a", "track": "inbound", "text": "I want a re", "final": false });
    let stored = server.post(path, &interim).await.expect(201).json();
    assert_eq!(texts(&search(&server, "want re", "").await), ["I want a re"]);
    let last = json!({ "externalId": "a", "track": "inbound", "text": "I want a refund" });
    server.post(path, &last).await.expect(200);
    assert_eq!(texts(&search(&server, "want", "").await), ["I want a refund"]);
    assert_eq!(texts(&search(&server, "re", "").await), [""; 0]);
    let one = format!("/transcripts/{}", stored["id"].as_str().unwrap());
    server.send(Method::PATCH, &one, &json!({ "text": "I want a cancellation" })).await.expect(200);
    assert_eq!(texts(&search(&server, "want -refund", "").await), ["I want a cancellation"]);
    server.send(Method::PATCH, &one, &json!({ "speaker": "Ada" })).await.expect(200);
    assert_eq!(texts(&search(&server, "cancellation", "&speaker=Ada").await).len(), 1);
    // A batch, of which one replaces another.
    let batch = json!({ "transcripts": [
        { "externalId": "b", "track": "inbound", "text": "batch one" },
        { "externalId": "b", "track": "inbound", "text": "batch two" },
        { "externalId": "a", "track": "inbound", "text": "batch three" },
    ] });
    server.post("/calls/MZ1/transcripts/batch", &batch).await.expect(201);
    let mut found: Vec<_> = search(&server, "batch", "").await["items"].as_array().unwrap().clone();
    found.sort_by_key(|hit| hit["transcript"]["text"].to_string());
    let found: Vec<_> = found.iter().map(|hit| hit["transcript"]["text"].as_str().unwrap()).collect();
    assert_eq!(found, ["batch three", "batch two"]);
    server.delete(&one).await.expect(204);
    assert_eq!(texts(&search(&server, "batch", "").await), ["batch two"]);
    let document = "WEBVTT\n\n00:00:00.500 --> 00:00:03.770\n<v agent>Imported words.\n";
    server.post_bytes("/calls/MZ1/transcripts/import", "text/vtt", document).await.expect(201);
    assert_eq!(texts(&search(&server, "imported", "").await), ["Imported words."]);
}

#[tokio::test]
async fn a_deleted_call_is_not_found() {
    let server = Server::start().await;
    let rows = server.rows().await;
    call_with(&server, "MZ1", 0, &["refund one", "refund two"]).await;
    assert_eq!(server.count("search_entry").await, 2);
    server.delete("/calls/MZ1").await.expect(204);
    assert_eq!(texts(&search(&server, "refund", "").await), [""; 0]);
    let list = server.get("/calls?q=refund").await.expect(200).json();
    assert_eq!(list["items"], json!([]));
    eventually("the rows are gone", || async {
        let left = server.rows().await;
        let other = |(table, _): &&(String, i64)| !["chunk_journal", "outbox"].contains(&table.as_str());
        left.iter().filter(other).eq(rows.iter().filter(other)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn transcripts_of_one_commit_are_each_found() {
    let server = Server::start().await;
    call_with(&server, "MZ1", 0, &[]).await;
    call_with(&server, "MZ2", 0, &[]).await;
    let batch = |sid: &str| {
        let said = |number: usize| json!({ "track": "inbound", "text": format!("refund {sid} number{number}") });
        json!({ "transcripts": (0..500).map(said).collect::<Vec<_>>() })
    };
    let (one, two) = (batch("one"), batch("two"));
    let (first, second) = tokio::join!(
        server.post("/calls/MZ1/transcripts/batch", &one),
        server.post("/calls/MZ2/transcripts/batch", &two),
    );
    first.expect(201);
    second.expect(201);
    for query in ["one", "two"] {
        assert_eq!(texts(&search(&server, query, "&limit=500").await).len(), 500);
        for number in [0, 255, 256, 257, 499] {
            assert_eq!(texts(&search(&server, &format!("{query} number{number}"), "").await).len(), 1);
        }
    }
}
