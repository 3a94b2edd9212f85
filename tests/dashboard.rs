//! The dashboard: its files, and what it does in a browser.

mod call;
mod calls;
mod files;
mod hostile;
mod keys;
mod live;
mod reach;
mod search;
mod sign_in;
mod statistics;

use fantoccini::{Locator, key::Key};
use serde_json::{Value, json};

use crate::support::{Browser, HOST, PATIENCE, Server, TestClock, chunk};

/// Starts a server that the browser reaches by a name.
async fn server() -> Server {
    Server::start_with(&["--allowed-hosts", HOST]).await
}

/// The URL of a page of the dashboard, such as `#/calls`.
fn page(server: &Server, place: &str) -> String {
    server.url(&format!("/dashboard/{place}")).replace("127.0.0.1", HOST)
}

impl Browser {
    /// Opens a page of the dashboard, and waits until nothing on it is loading.
    async fn visit(&self, server: &Server, place: &str) {
        self.client.goto("about:blank").await.unwrap();
        self.client.goto(&page(server, place)).await.unwrap();
        self.settled().await;
    }

    /// Waits until the page shows what it was asked for.
    async fn settled(&self) {
        self.until("return document.querySelector('main h1') && !document.querySelector('main [aria-busy=true]')")
            .await;
    }

    /// The texts of all elements that match.
    async fn texts(&self, css: &str) -> Vec<String> {
        let script = format!("return [...document.querySelectorAll({css:?})].map(found => found.innerText.trim())");
        self.strings(&script).await
    }

    /// Waits until an element's text contains something.
    async fn reads(&self, css: &str, text: &str) {
        let script =
            format!("return [...document.querySelectorAll({css:?})].some(one => one.innerText.includes({text:?}))");
        self.until(&script).await;
    }

    /// Sets the server's clock by the browser's. Pages compare moments with the browser's time.
    async fn shares_the_time(&self, server: &Server) {
        let now = self.run("return Date.now()").await.as_i64().unwrap();
        server.clock.advance_ms(now - TestClock::START_MS);
    }

    /// What the URL has behind its `#`, with it.
    async fn place(&self) -> String {
        self.run("return location.hash").await.as_str().unwrap().to_owned()
    }

    /// Chooses an option of a list.
    async fn choose(&self, css: &str, value: &str) {
        self.wait(css).await.select_by_value(value).await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Replaces the text of a field, and presses Enter.
    async fn type_into(&self, css: &str, text: &str) {
        let enter = char::from(Key::Enter);
        let all = format!("{}a{}", char::from(Key::Control), char::from(Key::Null));
        let field = self.wait(css).await;
        // A field behind "More filters".
        self.run(&format!("document.querySelector({css:?}).closest('details')?.setAttribute('open', '')")).await;
        field.send_keys(&format!("{all}{text}{enter}")).await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Clicks the link or button with this text.
    async fn press(&self, text: &str) {
        // A dialog is in front of the rest.
        let inside = self.run("return document.querySelector('dialog[open]') !== null").await == true;
        let above = if inside { "//dialog" } else { "" };
        let path = format!("{above}//*[self::a or self::button][normalize-space()={text:?}]");
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(&path)).await;
        found.unwrap_or_else(|error| panic!("{text}: {error}")).click().await.unwrap();
    }

    /// Fills in the sign-in page.
    async fn sign_in(&self, key: &str, stay: bool) {
        self.wait("#key").await;
        let ticked = "return document.querySelector('[name=remember]').checked";
        if self.run(ticked).await != stay {
            self.click("[name=remember]").await;
        }
        self.type_into("#key", key).await;
    }

    /// Fails if the page has asked another host for anything, or has something that would.
    async fn stays_here(&self, server: &Server) {
        let loaded = "return [...performance.getEntriesByType('resource').map(entry => entry.name), \
                      ...[...document.querySelectorAll('[src], link[href], a[href]')].map(one => one.src || one.href)]";
        let origin = page(server, "").replace("/dashboard/", "/");
        let elsewhere: Vec<_> =
            self.strings(loaded).await.into_iter().filter(|url| !url.starts_with(&origin)).collect();
        assert!(elsewhere.is_empty(), "{elsewhere:?}");
    }
}

/// A call that has ended, with audio, what was said in it, and a sentiment.
async fn finished(server: &Server, name: &str, more: &Value) -> String {
    let mut call =
        json!({ "streamSid": name, "caller": "+14155550134", "agent": "billing-bot", "direction": "inbound" });
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let call = server.post("/calls", &call).await.expect(201).json();
    let path = format!("/calls/{name}");
    for sequence in 0..100 {
        let chunk = chunk("inbound", sequence, sequence * 20);
        server.post(&format!("{path}/chunks"), &chunk).await.expect(201);
    }
    let said = json!({ "speaker": "caller", "track": "inbound", "text": "I would like a refund, please.", "startTime": 0.5,
        "endTime": 1.9 });
    server.post(&format!("{path}/transcripts"), &said).await.expect(201);
    let mood = json!({ "sentiment": "positive", "sentimentScore": 0.9 });
    server.post(&format!("{path}/analytics"), &mood).await.expect(201);
    server.post(&format!("{path}/end"), &json!({})).await.expect(200);
    call["id"].as_str().unwrap().to_owned()
}
