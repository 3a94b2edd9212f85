//! A webhook of the fixture, and a delivery to it.

use serde_json::json;

use crate::support::{Server, eventually};

/// Creates a webhook whose endpoint does not exist, and returns its id.
pub(super) async fn create(server: &Server) -> String {
    let hook = json!({ "url": "https://example.invalid/", "types": ["transcript.added"] });
    server.post("/webhooks", &hook).await.expect(201).json()["id"].as_str().unwrap().to_owned()
}

/// Waits until its first delivery was attempted, and returns the delivery's id.
pub(super) async fn attempted(server: &Server, webhook: &str) -> String {
    eventually("a delivery was attempted", || async {
        let found = server.get(&format!("/webhooks/{webhook}/deliveries")).await.expect(200).json();
        let delivery = &found["items"][0];
        delivery["attempts"][0].is_object().then(|| delivery["id"].as_str().unwrap().to_owned())
    })
    .await
}
