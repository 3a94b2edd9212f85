//! What happens in the store shows by itself.

use serde_json::json;

use super::server;
use crate::support::{Browser, call, chunk};

#[tokio::test]
async fn a_call_appears_and_ends_without_a_reload() {
    let server = server().await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.visit(&server, "#/calls").await;
            browser.reads(".empty", "There are no calls yet.").await;
            browser.reads(".head .badge", "Live").await;
            browser.run("window.sameDocument = true").await;

            server.post("/calls", &call("MZ1")).await.expect(201);
            browser.reads("tbody .status", "Live").await;
            server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
            server.post("/calls/MZ1/analytics", &json!({ "sentiment": "negative" })).await.expect(201);
            browser.reads("tbody .mood", "Negative").await;
            // The keyboard stays where it is while the list changes.
            browser.run("document.querySelector('tbody th a').focus()").await;
            server.post("/calls", &call("MZ2")).await.expect(201);
            browser.until("return document.querySelectorAll('tbody tr').length === 2").await;
            let focused = browser.run("return document.activeElement.closest('tr').innerText").await;
            assert!(focused.as_str().unwrap().contains("Negative"), "{focused}");

            server.post("/calls/MZ1/end", &json!({})).await.expect(200);
            browser.reads("tbody .status", "Completed").await;
            server.delete("/calls/MZ1").await.expect(204);
            browser.until("return document.querySelectorAll('tbody tr').length === 1").await;
            assert_eq!(browser.run("return window.sameDocument").await, true);
            browser.is_content_with_its_policy().await;
        })
        .await;
}
