//! Everyone can use the dashboard: with a screen reader, with the keyboard alone, on a narrow screen, in the dark.

use fantoccini::{
    actions::{InputSource, KeyAction, KeyActions},
    key::Key,
};
use serde_json::json;

use super::{finished, server};
use crate::examples::packages;
use crate::support::{Browser, Server, call};

/// Pages whose content has come, as a place and what is then there.
const PAGES: [(&str, &str); 6] = [
    ("#/calls", "tbody tr"),
    ("#/calls/MZ1", "h1"),
    ("#/search?q=refund", ".hit"),
    ("#/statistics?period=year", ".chart svg"),
    ("#/keys", ".empty"),
    ("#/nothing", ".empty"),
];

async fn some() -> Server {
    let server = server().await;
    finished(&server, "MZ1", &json!({})).await;
    let long = "Bundesamt-f\u{fc}r-Telekommunikation-und-Fernsprechwesen-Abteilung-Vier";
    finished(&server, "MZ2", &json!({ "caller": long, "agent": long, "direction": "outbound" })).await;
    server.post("/calls", &call("MZ3")).await.expect(201);
    server
}

impl Browser {
    /// What axe-core finds wrong with the page.
    pub(super) async fn violations(&self) -> Vec<String> {
        let axe = packages("node").join("node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(axe).unwrap_or_else(|error| panic!("axe-core: {error}; see scripts/test.sh"));
        self.run(&format!("if (!window.axe) {{ {axe} }}")).await;
        // After a change of theme, colours are between the two for a moment.
        self.until("return document.getAnimations().every(animation => !(animation instanceof CSSTransition))").await;
        let found = self
            .run_async(
                "const found = await axe.run(document, { resultTypes: ['violations'], runOnly: { type: 'tag', values: \
                   ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] } }); \
                 return found.violations.map(({ id, nodes }) => \
                   `${id}: ${nodes.map(node => node.html + ' ' + (node.any[0]?.message ?? '')).join(' | ')}`);",
            )
            .await;
        serde_json::from_value(found).unwrap()
    }

    /// Presses a key.
    async fn press_key(&self, key: Key) {
        let value = char::from(key);
        let keys = KeyActions::new("keyboard".to_owned()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
        self.client.perform_actions(keys).await.unwrap();
    }

    /// Presses Tab until the focus is on an element that matches.
    async fn tab_to(&self, css: &str) {
        for _ in 0..60 {
            self.press_key(Key::Tab).await;
            if self.run(&format!("return document.activeElement.matches({css:?})")).await == true {
                // What has the focus shows it.
                let outline = "return getComputedStyle(document.activeElement).outlineStyle";
                assert_eq!(self.run(outline).await, "solid", "{css}");
                return;
            }
        }
        panic!("{css} cannot be reached with Tab");
    }
}

#[tokio::test]
async fn axe_finds_nothing_on_any_page_in_light_and_dark() {
    let server = some().await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            for theme in ["light", "dark"] {
                for (place, css) in PAGES {
                    browser.visit(&server, place).await;
                    browser.run(&format!("callstoreTheme.set({theme:?})")).await;
                    browser.wait(css).await;
                    let found = browser.violations().await;
                    assert!(found.is_empty(), "{place} {theme}: {found:#?}");
                }
            }
            browser.visit(&server, "#/keys").await;
            for (button, theme) in [("Create a key", "light"), ("Create a key", "dark")] {
                browser.run(&format!("callstoreTheme.set({theme:?})")).await;
                browser.press(button).await;
                let found = browser.violations().await;
                assert!(found.is_empty(), "{button} {theme}: {found:#?}");
                browser.press("Cancel").await;
            }
        })
        .await;
    let keyed = Server::keyed().await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.visit(&keyed, "#/calls").await;
            browser.wait("#key").await;
            let found = browser.violations().await;
            assert!(found.is_empty(), "{found:#?}");
        })
        .await;
}

#[tokio::test]
async fn nothing_is_wider_than_a_screen_of_320_pixels() {
    let server = some().await;
    let metrics = json!({ "deviceMetrics": { "width": 320, "height": 640, "pixelRatio": 1.0, "touch": false } });
    Browser::open(&[("mobileEmulation", metrics)])
        .await
        .during(async |browser| {
            for (place, css) in PAGES {
                browser.visit(&server, place).await;
                browser.wait(css).await;
                assert_eq!(browser.run("return innerWidth").await, 320, "{place}");
                let wide = browser.run("return document.documentElement.scrollWidth").await;
                assert_eq!(wide, 320, "{place}");
            }
            browser.visit(&server, "#/keys").await;
            browser.press("Create a key").await;
            let wide = "return Math.max(...[...document.querySelectorAll('dialog, dialog *')].map(one => one.getBoundingClientRect().right))";
            let wide = browser.run(wide).await;
            assert!(wide.as_f64().unwrap() <= 320.0, "{wide}");
        })
        .await;
}

#[tokio::test]
async fn the_keyboard_reaches_everything() {
    let server = some().await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.visit(&server, "#/calls").await;
            browser.wait("tbody tr").await;
            // The first stop leads past the menu.
            browser.tab_to(".skip").await;
            browser.press_key(Key::Enter).await;
            assert_eq!(browser.run("return document.activeElement.id").await, "main");
            browser.tab_to("#filter-status").await;
            browser.tab_to("tbody th a").await;
            let focused = "return [...document.querySelectorAll('tbody th a')].indexOf(document.activeElement)";
            for (key, place) in
                [(Key::Down, 1), (Key::Down, 2), (Key::Down, 2), (Key::Up, 1), (Key::Home, 0), (Key::End, 2)]
            {
                browser.press_key(key).await;
                assert_eq!(browser.run(focused).await, place);
            }
            browser.press_key(Key::Enter).await;
            browser.until("return location.hash.startsWith('#/calls/')").await;
            // The focus goes to the new page.
            browser.until("return document.activeElement.matches('h1, .page')").await;

            browser.visit(&server, "#/search").await;
            assert_eq!(browser.run("return document.activeElement.id").await, "search-q");
            browser.type_into("#search-q", "refund").await;
            browser.wait(".hit").await;
            browser.tab_to(".hit .sound button").await;
            browser.press_key(Key::Enter).await;
            browser.until("return document.querySelector('.hit audio')?.currentTime > 0").await;

            // Escape closes a dialog, and the focus returns to where it was.
            browser.visit(&server, "#/keys").await;
            browser.tab_to(".head button").await;
            browser.press_key(Key::Enter).await;
            browser.wait("dialog[open]").await;
            browser.press_key(Key::Escape).await;
            browser
                .until("return !document.querySelector('dialog') && document.activeElement.matches('.head button')")
                .await;
        })
        .await;
}

#[tokio::test]
async fn numbers_follow_the_browser_s_language() {
    let server = some().await;
    Browser::open(&[("prefs", json!({ "intl.accept_languages": "de-DE,de" }))])
        .await
        .during(async |browser| {
            browser.visit(&server, "#/calls").await;
            let numbers = browser
                .run_async(
                    "const { number, clock, bytes } = await import('/dashboard/format.js'); \
                     return [navigator.language, number(1234.5, 1), clock(3727.25, 1), bytes(1500)];",
                )
                .await;
            assert_eq!(numbers, json!(["de-DE", "1.234,5", "1:02:07,3", "1,5 kB"]));
        })
        .await;
}
