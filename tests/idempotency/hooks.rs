//! Cases of webhooks.

use serde_json::json;

use super::{Case, JSON};
use crate::support::{Server, eventually};

/// Makes a webhook with a delivery, and returns a case for each `POST` about them.
pub(super) async fn cases(server: &Server) -> Vec<Case> {
    let hook = json!({ "url": "https://example.invalid/", "types": ["analytics.added"] });
    let hook = server.post("/webhooks", &hook).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    server.post("/calls/MZ1/analytics", &json!({ "talkTime": 1 })).await.expect(201);
    let list = format!("/webhooks/{hook}/deliveries");
    let delivery = eventually("a delivery is queued", || async {
        let found = server.get(&list).await.expect(200).json();
        found["items"][0]["id"].as_str().map(ToOwned::to_owned)
    })
    .await;
    let case = |operation, path: String, body: &str, other: &str| Case {
        operation,
        path,
        content_type: JSON,
        body: body.to_owned(),
        other: other.to_owned(),
    };
    let replay = |kind: &str| json!({ "since": "2026-01-02T03:04:05.678Z", "types": [kind] }).to_string();
    let new = |path: &str| json!({ "url": format!("https://example.com/{path}"), "enabled": false }).to_string();
    vec![
        case("createWebhook", "/webhooks".to_owned(), &new(""), &new("other")),
        case("rotateWebhookSecret", format!("/webhooks/{hook}/secret"), "{}", "{}"),
        case("testWebhook", format!("/webhooks/{hook}/test"), "{}", "{}"),
        case("retryDelivery", format!("/webhooks/{hook}/deliveries/{delivery}/retry"), "{}", "{}"),
        case(
            "replayWebhook",
            format!("/webhooks/{hook}/replay"),
            &replay("stream.connected"),
            &replay("stream.disconnected"),
        ),
    ]
}
