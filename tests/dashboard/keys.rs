//! The page of API keys.

use crate::support::{ADMIN_KEY, Browser, Server};

#[tokio::test]
async fn admins_create_rotate_and_revoke_keys() {
    let server = Server::keyed().await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.shares_the_time(&server).await;
            browser.visit(&server, "#/keys").await;
            browser.sign_in(ADMIN_KEY, false).await;
            browser.press("Create a key").await;
            browser.wait("dialog[open] [name=label]").await.send_keys("nightly export").await.unwrap();
            browser.click("dialog [value=read]").await;
            browser.press("Create").await;
            browser.reads("dialog h2", "The new key").await;
            let key = browser.texts("dialog .secret code").await.remove(0);
            assert!(key.len() > 30, "{key}");
            browser.press("I have kept it").await;
            browser.reads("tbody tr", "nightly export").await;
            let calls = || async {
                let client = reqwest::Client::builder().no_proxy().build().unwrap();
                client.get(server.url("/calls")).bearer_auth(&key).send().await.unwrap().status().as_u16()
            };
            assert_eq!(calls().await, 200);
            assert!(!browser.texts("body").await[0].contains(&key), "the key is shown once");

            let named = "[aria-label='Rotate nightly export']";
            browser.click(named).await;
            browser.choose("dialog [name=overlap]", "3600").await;
            browser.press("Rotate").await;
            browser.reads("dialog h2", "The key that replaces it").await;
            browser.press("I have kept it").await;
            browser
                .until("return document.querySelectorAll(\"[aria-label='Revoke nightly export']\").length === 2")
                .await;
            // The newest is first; the one before it was rotated.
            browser.reads("tbody tr", "rotated").await;
            browser.click("tbody tr:nth-child(2) [aria-label='Revoke nightly export']").await;
            browser.reads("dialog h2", "Revoke this key?").await;
            browser.press("Cancel").await;
            assert_eq!(calls().await, 200);
            browser.click("tbody tr:nth-child(2) [aria-label='Revoke nightly export']").await;
            browser.click("dialog .danger").await;
            browser.reads("main", "Show revoked and expired keys (1)").await;
            assert_eq!(calls().await, 401);

            // What the service refuses is said in the dialog, and what was typed stays.
            browser.press("Create a key").await;
            browser.click("dialog [value=ingest]").await;
            browser.type_into("dialog [name=networks]", "nowhere").await;
            browser.reads("dialog .error", "allowedNetworks").await;
            browser.press("Cancel").await;
            browser.is_content_with_its_policy().await;
        })
        .await;
}
