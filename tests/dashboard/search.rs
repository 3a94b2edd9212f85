//! Search in the dashboard: from words to their sound.

use serde_json::json;

use super::{finished, server};
use crate::support::Browser;

#[tokio::test]
async fn a_search_leads_to_the_sound_of_the_words() {
    let server = server().await;
    let call = finished(&server, "MZ1", &json!({})).await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.visit(&server, "#/search").await;
            browser.type_into("#search-q", "refun* \"like a\"").await;
            browser.settled().await;
            browser.reads(".hit .said", "I would like a refund, please.").await;
            assert_eq!(browser.texts(".hit mark").await.join(" "), "like a refund");
            assert!(browser.place().await.starts_with("#/search?q=refun"), "{}", browser.place().await);

            browser.click(".hit .sound button").await;
            let position = "const audio = document.querySelector('.hit audio'); \
                return audio && !audio.paused && audio.currentTime > 0.55 ? audio.currentTime : 0";
            let position = browser.until(position).await.as_f64().unwrap();
            assert!((0.5..2.1).contains(&position), "{position}");
            // The page shows one thing and plays it: "Stop" ends it.
            browser.reads(".hit .sound button", "Stop").await;
            browser.click(".hit .sound button").await;
            browser.until("return document.querySelector('.hit audio') === null").await;

            // The hit's call opens at the words.
            browser.click(".hit a").await;
            browser.until("return location.hash.startsWith('#/calls/')").await;
            assert_eq!(browser.place().await, format!("#/calls/{call}?t=0.5"));

            browser.visit(&server, "#/search?q=refund+-please").await;
            browser.reads(".empty", "Nothing was found.").await;
            browser.visit(&server, "#/search?q=refund&track=outbound").await;
            browser.reads(".empty", "Nothing was found.").await;
            browser.is_content_with_its_policy().await;
            browser.stays_here(&server).await;
        })
        .await;
}
