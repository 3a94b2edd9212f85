//! Deleted means gone, also from the index for search: words are looked for in every byte of the data folder.

use reqwest::Method;
use serde_json::json;

use crate::{
    gone::{Canaries, nothing_is_left},
    support::{Server, on_folder, on_sqlite},
};

#[tokio::test]
async fn the_words_of_a_deleted_or_changed_transcript_are_gone_from_the_index_too() {
    if !on_sqlite() || !on_folder() {
        return;
    }
    let server = Server::start().await;
    let mut said = Vec::new();
    for call in 0..3 {
        server.start_call(&format!("MZ{call}")).await;
    }
    for number in 0..60 {
        for call in 0..3 {
            // Words of many pages, which share their beginning with their neighbours.
            let text = format!("zcanary{call}word{number} and qcanary common word{number}");
            let path = format!("/calls/MZ{call}/transcripts");
            let stored = server.post(&path, &json!({ "speaker": "a", "text": text })).await.expect(201).json();
            said.push((call, format!("/transcripts/{}", stored["id"].as_str().unwrap())));
        }
    }
    let canaries = Canaries::of(vec![b"canary".to_vec()]);
    assert!(!canaries.found(server.folder()).is_empty());
    for (number, (_, path)) in said.iter().enumerate().filter(|(_, (call, _))| *call < 2) {
        if number % 2 == 0 {
            server.delete(path).await.expect(204);
        } else {
            server.send(Method::PATCH, path, &json!({ "text": "nothing" })).await.expect(200);
        }
    }
    server.delete("/calls/MZ2").await.expect(204);
    nothing_is_left(&server, &canaries).await;
    let found = server.get("/search?q=nothing&limit=500").await.expect(200).json();
    assert_eq!(found["items"].as_array().unwrap().len(), 60);
}
