//! What is drawn from peaks, and the page of a running call: it grows, and becomes the page of a finished one.

use serde_json::json;

use super::{sound, text};
use crate::{dashboard::server, support::Browser};

#[tokio::test]
async fn the_waveform_shows_both_tracks_and_the_gap() {
    let server = server().await;
    let id = sound::record(&server, "MZ1").await;
    Browser::open(&[]).await.during(async |browser| {
        super::open(&server, browser, &id).await;
        // How many pixels in a part of the waveform differ from an empty one: `x` in seconds, `half` 0 above.
        let drawn = |start: f64, end: f64, half: u32| {
            format!(
                "(() => {{ const canvas = document.querySelector('.strip.wave canvas'); if (!canvas.width) return 0; \
                 const [x, wide] = [{start} / {length} * canvas.width, ({end} - {start}) / {length} * canvas.width]; \
                 const data = canvas.getContext('2d').getImageData(x, {half} * canvas.height / 2, wide, canvas.height / 2).data; \
                 return data.filter((value, index) => index % 4 === 3 && value > 0).length / data.length * 4; }})()",
                length = sound::LENGTH
            )
        };
        // Speech fills much of its height, silence is a line, the gap is hatched.
        browser.until(&format!("return {} > 0.3", drawn(5.0, 6.5, 0))).await;
        browser.until(&format!("return {} > 0.3", drawn(9.0, 11.0, 1))).await;
        browser.until(&format!("return {} < 0.05", drawn(1.5, 3.5, 0))).await;
        browser.until(&format!("return {} < 0.05", drawn(13.5, 14.5, 1))).await;
        browser.until(&format!("return {} > 0.9", drawn(16.1, 16.9, 1))).await;
        assert!(text(browser, ".label.waves").await.contains("1 gap"), "{}", text(browser, ".label.waves").await);
    })
    .await;
}

#[tokio::test]
async fn a_running_call_grows_and_ends_without_a_reload() {
    let server = server().await;
    let started = json!({ "streamSid": "MZ1", "caller": "+14155550134" });
    let id = server.post("/calls", &started).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    sound::speak_second(&server, "MZ1", 4).await;
    sound::speak_second(&server, "MZ1", 5).await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.visit(&server, &format!("#/calls/{id}")).await;
            browser.run("window.isSamePage = true").await;
            browser
                .until(
                    "return document.querySelector('.page .badge.live') && document.querySelector('.controls .edge')",
                )
                .await;
            browser.until("return document.querySelector('#position').getAttribute('aria-valuemax') === '6'").await;

            // Words and audio that arrive appear.
            server.post("/calls/MZ1/transcripts/batch", &sound::transcripts()).await.expect(201);
            browser.until("return document.querySelectorAll('.transcript li').length === 4").await;
            for second in 6..9 {
                sound::speak_second(&server, "MZ1", second).await;
            }
            browser.until("return document.querySelector('#position').getAttribute('aria-valuemax') === '9'").await;

            // An interim transcript is replaced by its final one.
            let interim =
                json!({ "track": "inbound", "externalId": "u1", "text": "Thank", "startTime": 13.0, "final": false });
            server.post("/calls/MZ1/transcripts", &interim).await.expect(201);
            browser.until("return document.querySelector('.transcript li.interim')").await;
            let last = json!({ "track": "inbound", "externalId": "u1", "text": "Thank you.", "startTime": 13.0 });
            server.post("/calls/MZ1/transcripts", &last).await.expect(200);
            browser.until("return !document.querySelector('.transcript li.interim')").await;
            // Not `innerText`: an entry that is scrolled out of sight is not laid out, and has none.
            let last = "return document.querySelector('.transcript li:last-child p').textContent";
            assert_eq!(browser.run(last).await, "Thank you.");

            server.post("/calls/MZ1/end", &json!({})).await.expect(200);
            browser
                .until(
                    "return document.querySelector('audio')?.readyState > 0 && document.querySelector('.label.talk')",
                )
                .await;
            assert!(text(browser, ".page .head").await.contains("Completed"));
            assert_eq!(
                browser.run("return window.isSamePage && !document.querySelector('.controls .edge')").await,
                true
            );
            browser.is_content_with_its_policy().await;
        })
        .await;
}

#[tokio::test]
async fn a_running_call_is_heard_as_it_comes() {
    let server = server().await;
    server.start_call("MZ1").await;
    for second in 4..8 {
        sound::speak_second(&server, "MZ1", second).await;
    }
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.visit(&server, "#/calls/MZ1").await;
            browser.click(".controls .edge").await;
            // The end of what is stored is heard once there is more.
            browser
                .until("return document.querySelector('.controls .edge').getAttribute('aria-pressed') === 'true'")
                .await;
            for second in 8..12 {
                sound::speak_second(&server, "MZ1", second).await;
            }
            browser
                .until("return parseFloat(document.querySelector('.controls .now').textContent.slice(2)) > 8.5")
                .await;
            // It plays from an earlier place, too.
            browser.run("document.querySelector('#position').focus()").await;
            super::press(browser, super::HOME).await;
            browser.until("return parseFloat(document.querySelector('.controls .now').textContent.slice(2)) < 3").await;
            browser
                .until("return parseFloat(document.querySelector('.controls .now').textContent.slice(2)) > 0.2")
                .await;
            server.post("/calls/MZ1/end", &json!({})).await.expect(200);
            browser.until("return document.querySelector('audio') && !document.querySelector('.controls .edge')").await;
        })
        .await;
}
