//! Signing in with an API key.

use serde_json::json;

use super::finished;
use crate::support::{ADMIN_KEY, Browser, Server};

/// Makes a key; returns its id and the key itself.
async fn make_key(server: &Server, scope: &str) -> (String, String) {
    let made = server.post("/admin/keys", &json!({ "scope": scope })).await.expect(201).json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

#[tokio::test]
async fn a_key_opens_the_dashboard_and_stays_out_of_urls() {
    let server = Server::keyed().await;
    finished(&server, "MZ1", &json!({})).await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.visit(&server, "#/search?q=refund").await;
            browser.reads("h1", "Sign in").await;
            browser.sign_in("no-key-of-this-service", false).await;
            browser.reads("#key-error", "Unknown API key.").await;
            browser.sign_in(ADMIN_KEY, false).await;

            // It leads to the place that was asked for. Sound comes by a link that is signed.
            browser.reads(".hit .said", "refund").await;
            browser.click(".hit .sound button").await;
            browser.until("return document.querySelector('.hit audio')?.currentTime > 0.5").await;
            let media = browser.run("return document.querySelector('.hit audio').src").await;
            assert!(media.as_str().unwrap().contains("signature="), "{media}");

            // No URL has the key, and no storage.
            let urls = "return [location.href, ...performance.getEntriesByType('resource').map(entry => entry.name), \
                ...Object.values(localStorage), ...Object.values(sessionStorage), document.cookie]";
            let urls = browser.strings(urls).await;
            assert!(urls.iter().any(|url| url.contains("/search?")), "{urls:?}");
            assert!(!urls.iter().any(|url| url.contains(ADMIN_KEY)), "{urls:?}");

            // A reload signs out, unless the tab may keep the key.
            browser.client.refresh().await.unwrap();
            browser.reads("h1", "Sign in").await;
            browser.sign_in(ADMIN_KEY, true).await;
            browser.reads(".hit .said", "refund").await;
            browser.client.refresh().await.unwrap();
            browser.reads(".hit .said", "refund").await;
            let kept =
                browser.strings("return [...Object.values(localStorage), ...Object.values(sessionStorage)]").await;
            assert_eq!(kept, [ADMIN_KEY]);

            browser.press("Sign out").await;
            browser.reads("h1", "Sign in").await;
            assert_eq!(browser.strings("return Object.values(sessionStorage)").await, Vec::<String>::new());
            browser.is_content_with_its_policy().await;
        })
        .await;
}

#[tokio::test]
async fn a_key_that_ends_leads_back_to_the_sign_in_page() {
    let server = Server::keyed().await;
    finished(&server, "MZ1", &json!({})).await;
    let (id, key) = make_key(&server, "read").await;
    let (_, ingest) = make_key(&server, "ingest").await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.visit(&server, "#/calls").await;
            browser.sign_in(&ingest, false).await;
            browser.reads("#key-error", "may not read calls").await;
            browser.sign_in(&key, true).await;
            browser.reads("tbody tr", "billing-bot").await;
            // What only admins may do says so.
            browser.visit(&server, "#/keys").await;
            browser.reads("[role=alert]", "This operation needs a key of scope admin").await;
            browser.visit(&server, "#/calls").await;
            browser.reads("tbody tr", "billing-bot").await;
            server.delete(&format!("/admin/keys/{id}")).await.expect(204);
            browser.reads("h1", "Sign in").await;
            browser.reads("#key-error", "The API key was revoked.").await;
        })
        .await;
}
