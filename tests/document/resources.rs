//! Resources that operations of the document are tried on.

use serde_json::json;

use super::Operation;
use crate::support::Server;

/// The id that a path with `{id}` needs: of a new resource.
pub(crate) async fn resource_of(server: &Server, operation: &Operation) -> String {
    if !operation.path.contains("{id}") {
        return String::new();
    }
    let (key, hook) = (json!({ "scope": "read" }), json!({ "url": "https://example.com/" }));
    for (path, body) in [("/admin/keys", key), ("/webhooks", hook)] {
        if operation.path.starts_with(&format!("{path}/")) {
            return server.post(path, &body).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        }
    }
    if !operation.path.starts_with("/transcripts/") {
        return server.record("recorded").await;
    }
    server.start_call("said").await;
    let utterance = json!({ "speaker": "a", "text": "b" });
    let stored = server.post("/calls/said/transcripts", &utterance).await.expect(201).json();
    stored["id"].as_str().unwrap().to_owned()
}
