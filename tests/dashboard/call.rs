//! The page of a call: position and transcript, lanes and figures, keys.

mod deletion;
mod live;
mod sound;

use serde_json::{Value, json};

use super::server;
use crate::support::{ADMIN_KEY, Browser, Server};

/// Keys as WebDriver writes them.
const SHIFT: &str = "\u{e008}";
const NONE: &str = "\u{e000}";
const TAB: &str = "\u{e004}";
const LEFT: &str = "\u{e012}";
const RIGHT: &str = "\u{e014}";
const END: &str = "\u{e010}";
const HOME: &str = "\u{e011}";
/// How far a position may be from what was clicked, in seconds.
const EXACT: f64 = 0.05;

/// Opens the page of a call, and waits until its audio can be played.
async fn open(server: &Server, browser: &Browser, place: &str) {
    browser.visit(server, &format!("#/calls/{place}")).await;
    browser.until("return document.querySelector('audio')?.readyState > 0 && document.querySelector('.transcript li') !== null").await;
}

/// Where the audio is, in seconds.
async fn position(browser: &Browser) -> f64 {
    browser.run("return document.querySelector('audio').currentTime").await.as_f64().unwrap()
}

/// The text of an element.
async fn text(browser: &Browser, css: &str) -> String {
    let found = browser.run(&format!("return document.querySelector({})?.innerText ?? ''", json!(css))).await;
    found.as_str().unwrap().to_owned()
}

/// Presses keys wherever the focus is.
async fn press(browser: &Browser, keys: &str) {
    browser.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
}

/// Presses the Tab key until an element has the focus.
async fn tab_to(browser: &Browser, css: &str) {
    for _ in 0..40 {
        press(browser, TAB).await;
        if browser.run(&format!("return document.activeElement.matches({css:?})")).await == true {
            return;
        }
    }
    panic!("the Tab key does not reach {css}");
}

#[tokio::test]
async fn a_click_on_a_word_goes_to_its_time_and_marks_it() {
    let server = server().await;
    let id = sound::record(&server, "MZ1").await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            open(&server, browser, &id).await;
            for (index, (word, start)) in sound::WORDS.iter().enumerate() {
                browser.click(&format!(".transcript [data-word='{index}']")).await;
                let at = position(browser).await;
                assert!((at - start).abs() <= EXACT, "{word}: {at}");
                browser.until("return document.querySelector('.transcript .word.now')").await;
                assert_eq!(text(browser, ".transcript .word.now").await, *word);
            }
            // An utterance without words begins where it says.
            browser.click(".transcript li:last-child p").await;
            assert!((position(browser).await - 7.0).abs() <= EXACT);
            // What was said is text.
            assert!(text(browser, ".transcript li:last-child p").await.contains("<b>refunded</b>"));
            browser.is_content_with_its_policy().await;
        })
        .await;
}

#[tokio::test]
async fn a_link_opens_a_call_at_its_moment() {
    let server = server().await;
    let id = sound::record(&server, "MZ1").await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            open(&server, browser, &format!("{id}?t=12.3")).await;
            browser.until("return Math.abs(document.querySelector('audio').currentTime - 12.3) < 0.05").await;
            assert_eq!(browser.run("return document.querySelector('.controls .now').textContent").await, "0:12.3");
            // Going to another moment leaves the URL alone; copying a link notes the moment.
            browser.click(".transcript [data-word='2']").await;
            assert!(browser.run("return location.hash").await.as_str().unwrap().ends_with("?t=12.3"));
            browser.click(".controls .link").await;
            browser.until("return location.hash.endsWith('?t=5.8')").await;
        })
        .await;
}

#[tokio::test]
async fn lanes_and_tables_have_the_figures_of_the_service() {
    let server = server().await;
    let id = sound::record(&server, "MZ1").await;
    let computed = server.get(&format!("/calls/{id}/analytics/computed")).await.expect(200).json();
    let number =
        |pointer: &str| computed.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("{pointer}"));
    Browser::open(&[])
        .await
        .during(async |browser| {
            open(&server, browser, &id).await;
            browser.until("return document.querySelector('.label.latency')").await;
            let seconds = |pointer| format!("{:.1} s", number(pointer));
            let lanes = [
                (".label.talk", seconds("/parties/caller/talkTime")),
                (".label.talk", seconds("/parties/agent/talkTime")),
                (".label.silence", seconds("/silence/total")),
                (".label.overlap", seconds("/overlap/total")),
                (".label.interruptions", format!("{}", computed["interruptions"].as_array().unwrap().len())),
                (".label.latency", format!("{} ms", number("/parties/agent/responseLatency/p50"))),
                (".parties", format!("{} ms", number("/parties/caller/responseLatency/p50"))),
                (".parties", seconds("/silence/longest")),
                (".turns summary", format!("{} turns", computed["turns"].as_array().unwrap().len())),
            ];
            for (css, figure) in lanes {
                let shown = text(browser, css).await;
                assert!(shown.contains(&figure), "{css}: {figure} is not in {shown}");
            }
            // What the client reported stands beside it.
            let row = text(browser, ".reported [data-figure='talkTime']").await;
            let difference = format!("{:.1} s", number("/reported/talkTime/difference").abs());
            for figure in ["12.5 s".to_owned(), seconds("/talkTime"), difference] {
                assert!(row.contains(&figure), "{figure} is not in {row}");
            }
            assert!(text(browser, ".reported").await.contains("Positive"));
            assert!(text(browser, ".part-metadata").await.contains("4719"));
        })
        .await;
}

#[tokio::test]
async fn pressed_keys_and_marks_have_a_lane_and_lead_to_their_places() {
    let server = server().await;
    let id = sound::record_keys(&server, "MZ1").await;
    let events = server.get(&format!("/calls/{id}/events")).await.expect(200).json();
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.visit(&server, &format!("#/calls/{id}")).await;
            browser
                .until(
                    "return document.querySelector('.label.events') && document.querySelector('audio')?.readyState > 0",
                )
                .await;
            assert!(text(browser, ".label.events").await.contains("1 key, 1 mark"));
            let table = text(browser, "table.events").await;
            assert!(table.contains("Key 5") && table.contains("Mark order-found"), "{table}");
            browser.click("table.events button.place").await;
            let at = events["items"][0]["position"].as_f64().unwrap();
            assert!((position(browser).await - at).abs() <= EXACT);
        })
        .await;
}

#[tokio::test]
async fn the_keyboard_alone_plays_and_seeks() {
    let server = server().await;
    let id = sound::record(&server, "MZ1").await;
    Browser::open(&[]).await.during(async |browser| {
        open(&server, browser, &id).await;
        tab_to(browser, "#position").await;
        let near = |seconds: f64| format!("return Math.abs(document.querySelector('audio').currentTime - {seconds}) < 0.05");
        for (keys, seconds) in [(RIGHT, 5.0), ("l", 15.0), ("j", 5.0), (LEFT, 0.0), (END, 20.0), (HOME, 0.0)] {
            press(browser, keys).await;
            browser.until(&near(seconds)).await;
        }
        let told = browser.run("return document.querySelector('#position').getAttribute('aria-valuetext')").await;
        assert_eq!(told, "0 seconds of 20 seconds");
        // Shift with an arrow goes by words; `>` is faster; `s` skips silence; the space bar plays.
        press(browser, &format!("{SHIFT}{RIGHT}{NONE}")).await;
        browser.until(&near(1.0)).await;
        press(browser, ">").await;
        press(browser, "s").await;
        browser.until("return document.querySelector('audio').playbackRate === 1.25 && document.querySelector('.skips').checked").await;
        press(browser, " ").await;
        browser.until("return !document.querySelector('audio').paused && document.querySelector('audio').currentTime > 1.1").await;
        press(browser, "k").await;
        browser.until("return document.querySelector('audio').paused").await;
        // A part to download.
        press(browser, "i").await;
        press(browser, "l").await;
        press(browser, "o").await;
        browser.until("return document.querySelector('form.take [name=end]').value.length > 0").await;
        // Letters can be switched off; then only the waveform takes them.
        browser.run("document.querySelector('.part-keys [role=switch]').click(); document.activeElement.blur()").await;
        let before = position(browser).await;
        press(browser, "j").await;
        assert!((position(browser).await - before).abs() < 0.001);
    })
    .await;
}

#[tokio::test]
async fn silence_can_be_skipped_and_a_track_heard_alone() {
    let server = server().await;
    let id = sound::record(&server, "MZ1").await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            open(&server, browser, &id).await;
            browser.click(".controls .skips").await;
            browser.run("document.querySelector('.solo [value=outbound]').click()").await;
            browser.click(".controls .play").await;
            // Nobody speaks in the first second, nor after the fifteenth.
            browser.until("return document.querySelector('audio').currentTime > 0.8").await;
            browser.run("document.querySelector('audio').currentTime = 15.4").await;
            browser.until("return document.querySelector('audio').currentTime > 19.5").await;
            browser.is_content_with_its_policy().await;
        })
        .await;
}

#[tokio::test]
async fn a_call_is_usable_with_assistive_technology_and_on_a_small_screen() {
    let server = server().await;
    let id = sound::record(&server, "MZ1").await;
    let phone = json!({ "deviceMetrics": { "width": 320, "height": 720, "pixelRatio": 2.0, "touch": true } });
    for options in [vec![], vec![("mobileEmulation", phone)]] {
        let browser = Browser::open(&options).await;
        browser
            .during(async |browser| {
                open(&server, browser, &id).await;
                browser.until("return document.querySelector('.label.latency') !== null").await;
                for theme in ["light", "dark"] {
                    browser.run(&format!("window.callstoreTheme.set('{theme}')")).await;
                    let found = browser.violations().await;
                    assert!(found.is_empty(), "{theme}: {found:#?}");
                }
                let beyond = "return document.documentElement.scrollWidth - window.innerWidth";
                assert!(browser.run(beyond).await.as_f64().unwrap() <= 0.0);
            })
            .await;
    }
}

#[tokio::test]
async fn commands_on_the_page_never_hold_the_key() {
    let server = Server::keyed().await;
    let id = sound::record(&server, "MZ1").await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.visit(&server, "").await;
            browser.run(&format!("sessionStorage.setItem('callstore.key', {ADMIN_KEY:?})")).await;
            open(&server, browser, &id).await;
            let commands = text(browser, ".part-commands").await;
            assert!(commands.contains("-H \"Authorization: Bearer $KEY\""), "{commands}");
            let page = browser.run("return document.documentElement.outerHTML + location.href").await;
            assert!(!page.as_str().unwrap().contains(ADMIN_KEY));
            // Audio comes by a signed link.
            let address = browser.run("return document.querySelector('audio').src").await;
            assert!(address.as_str().unwrap().contains("signature="), "{address}");
        })
        .await;
}
