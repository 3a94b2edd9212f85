//! What is deleted or blacked out is not told by other ways: not by the stream of events, and not by the files.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    gone::{Canaries, nothing_is_left},
    outbox::{Reader, events},
    support::{Server, on_folder, on_sqlite},
};

#[tokio::test]
async fn what_a_correction_takes_out_of_a_transcript_is_gone_too() {
    if !on_sqlite() || !on_folder() {
        return;
    }
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let said = json!({ "speaker": "a", "text": "My card is canarynumber", "data": { "raw": "canary-data" } });
    let said = server.post("/calls/MZ1/transcripts", &said).await.expect(201).json();
    let words = json!([{ "text": "canaryword", "startTime": 0.1, "endTime": 0.2 }]);
    let path = format!("/transcripts/{}", said["id"].as_str().unwrap());
    server.send(Method::PATCH, &path, &json!({ "words": words })).await.expect(200);
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    let texts: [&[u8]; 3] = [b"canarynumber", b"canary-data", b"canaryword"];
    let canaries = Canaries::of(texts.map(<[u8]>::to_vec).to_vec());
    assert!(canaries.found(server.folder()).len() > 3);
    let change = json!({ "text": "My card is [removed]", "words": null, "data": null });
    server.send(Method::PATCH, &path, &change).await.expect(200);
    nothing_is_left(&server, &canaries).await;
    let found = server.get("/search?q=removed").await.expect(200).json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_spoke_is_gone_once_an_ended_call_is_made_anonymous() {
    if !on_sqlite() || !on_folder() {
        return;
    }
    let server = Server::start().await;
    let new = json!({ "streamSid": "MZ1", "caller": "canary-caller", "agent": "canary-agent" });
    server.post("/calls", &new).await.expect(201);
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    let canaries = Canaries::of(vec![b"canary-caller".to_vec(), b"canary-agent".to_vec()]);
    assert!(canaries.found(server.folder()).len() > 1);
    server.send(Method::PATCH, "/calls/MZ1", &json!({ "caller": "unknown", "agent": null })).await.expect(200);
    nothing_is_left(&server, &canaries).await;
}

#[tokio::test]
async fn a_reader_that_comes_back_learns_no_more_of_a_deleted_call_than_its_deletion() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let first = events(&server, "").await[0]["id"].as_str().unwrap().to_owned();
    let mut live = Reader::open(&server, "types=call.deleted", None).await;
    server.start_call("MZ2").await;
    server.post("/calls/MZ2/analytics", &json!({ "talkTime": 1 })).await.expect(201);
    server.delete("/calls/MZ2").await.expect(204);
    live.event().await.unwrap();
    let told = Reader::open(&server, "", Some(&first)).await.event().await.unwrap();
    assert_eq!((&told["type"], &told["streamSid"]), (&json!("call.deleted"), &Value::Null));
}
