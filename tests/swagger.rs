//! Swagger UI in a browser: it needs no other host, and "Execute" works.

use std::{io, panic::AssertUnwindSafe, process::Stdio, time::Duration};

use fantoccini::{Client, ClientBuilder, Locator, error::NewSessionError, key::Key};
use futures_util::FutureExt;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::support::{ADMIN_KEY, Server, told};

/// How long a step of the browser may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// What to do if the browser is missing.
const INSTALL: &str = "run scripts/test.sh, which installs chromium and chromium-driver";
/// A host name that only this browser resolves. On 127.0.0.1 Swagger UI would omit requests to other hosts.
const HOST: &str = "callstore.test";

/// A headless Chromium that reaches only the server under test, and its driver.
struct Browser {
    client: Client,
    _driver: Child,
    _profile: TempDir,
}

impl Browser {
    async fn open() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver cannot be started ({error}): {INSTALL}"));
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, port)) = line.rsplit_once("started successfully on port ") {
                    return Ok(port.trim_end_matches('.').to_owned());
                }
            }
            Err(io::Error::other("chromedriver ended before it listened"))
        });
        let port = port.await.unwrap().unwrap();
        // Keep reading, so that the driver never blocks on its output.
        tokio::spawn(async move { while lines.next_line().await.is_ok_and(|line| line.is_some()) {} });

        let profile = TempDir::new().unwrap();
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--no-proxy-server".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--window-size=1280,1600".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
            format!("--host-resolver-rules=MAP {HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
        ];
        let Value::Object(capabilities) = json!({ "goog:chromeOptions": { "args": arguments } }) else {
            unreachable!()
        };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let address = format!("http://127.0.0.1:{port}");
        let session = builder.capabilities(capabilities).connect(&address);
        let client = tokio::time::timeout(PATIENCE, session).await.unwrap();
        let client =
            client.unwrap_or_else(|error: NewSessionError| panic!("Chromium cannot be started ({error}): {INSTALL}"));
        Self { client, _driver: driver, _profile: profile }
    }

    /// Clicks an element once it exists.
    async fn click(&self, css: &str) {
        self.wait(css).await.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Opens an operation and sends its example; returns what the page shows.
    async fn execute(&self, operation: &str, status: &str) -> String {
        self.open_operation(operation).await;
        self.send(&format!("#operations-{operation}"), status).await
    }

    async fn open_operation(&self, operation: &str) {
        self.click(&format!("#operations-{operation} .opblock-summary-control")).await;
    }

    /// Clicks "Execute", and waits for a response with this status.
    async fn send(&self, operation: &str, status: &str) -> String {
        self.click(&format!("{operation} button.execute")).await;
        let live = format!("{operation} .live-responses-table .response");
        let shown = self.wait(&format!("{live} .response-col_status")).await.text().await.unwrap();
        let body = self.wait(&format!("{live} .response-col_description")).await.text().await.unwrap();
        assert!(shown.starts_with(status), "{operation}: {shown} {body}");
        body
    }

    /// Waits for an element.
    async fn wait(&self, css: &str) -> fantoccini::elements::Element {
        let element = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        element.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// Fails if the page's policy has blocked something.
    async fn is_content_with_its_policy(&self) {
        let reports = "const told = arguments[arguments.length - 1]; const found = []; \
             const observer = new ReportingObserver(reports => found.push(...reports.map(report => JSON.stringify(report))), \
             { types: ['csp-violation'], buffered: true }); observer.observe(); \
             setTimeout(() => told(found.concat(observer.takeRecords().map(report => JSON.stringify(report)))), 0);";
        let reports = self.client.execute_async(reports, Vec::new()).await.unwrap();
        assert_eq!(reports, json!([]));
    }

    /// The result of a script: a list of strings.
    async fn strings(&self, script: &str) -> Vec<String> {
        serde_json::from_value(self.client.execute(script, Vec::new()).await.unwrap()).unwrap()
    }
}

#[tokio::test]
async fn swagger_ui_works_without_any_other_host() {
    let server = Server::start_with(&["--allowed-hosts", HOST]).await;
    let browser = Browser::open().await;
    // Closes the browser even if a check fails: killing the driver would leave it running.
    let outcome = AssertUnwindSafe(check(&server, &browser)).catch_unwind().await;
    browser.client.clone().close().await.unwrap();
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

#[tokio::test]
async fn swagger_ui_asks_for_a_key_and_sends_it() {
    let server = Server::keyed().await;
    let browser = Browser::open().await;
    let outcome = AssertUnwindSafe(authorize(&server, &browser)).catch_unwind().await;
    browser.client.clone().close().await.unwrap();
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

async fn authorize(server: &Server, browser: &Browser) {
    browser.client.goto(&server.url("/swagger-ui/").replace("127.0.0.1", HOST)).await.unwrap();
    browser.click(".auth-wrapper .authorize").await;
    browser.wait(".auth-container input").await.send_keys(ADMIN_KEY).await.unwrap();
    browser.click(".auth-btn-wrapper .authorize").await;
    browser.click(".auth-btn-wrapper .btn-done").await;
    start_call(browser).await;
    assert_eq!(server.get("/calls?total=true").await.expect(200).json()["page"]["total"], 1);
    browser.is_content_with_its_policy().await;

    // The key survives a reload.
    browser.client.refresh().await.unwrap();
    browser.wait(".auth-wrapper .authorize.locked").await;
    browser.execute("Chunks-addAudioChunk", "201").await;
    browser.execute("Calls-endCall", "200").await;
    let call = server.get("/calls?limit=1").await.expect(200).json()["items"][0]["id"].clone();
    let listed = server.get(&format!("/calls/{}/recordings", call.as_str().unwrap())).await.expect(200).json();
    listen(browser, listed["items"][0]["id"].as_str().unwrap()).await;
    browser.is_content_with_its_policy().await;
}

/// Downloads a recording and plays it in the page. Only its id has to be typed; the examples fill in the rest.
async fn listen(browser: &Browser, id: &str) {
    let operation = "#operations-Recordings-downloadRecording";
    browser.open_operation("Recordings-downloadRecording").await;
    for header in ["Range", "If-Range", "If-None-Match"] {
        let field = browser.wait(&format!("{operation} tr[data-param-name='{header}'] input")).await;
        assert_eq!(field.prop("value").await.unwrap().as_deref(), Some(""), "{header}");
    }
    let field = browser.wait(&format!("{operation} tr[data-param-name='id'] input")).await;
    let all = format!("{}a{}", char::from(Key::Control), char::from(Key::Null));
    field.send_keys(&format!("{all}{id}")).await.unwrap();
    browser.send(operation, "200").await;

    browser.wait(&format!("{operation} audio")).await;
    let play = "const told = arguments[arguments.length - 1]; const audio = document.querySelector('audio'); \
         audio.muted = true; audio.scrollIntoView({ block: 'center' }); audio.addEventListener('ended', () => told(audio.duration)); \
         audio.addEventListener('error', () => told(String(audio.error?.message))); \
         audio.play().catch(error => told(String(error)));";
    let played = browser.client.execute_async(play, Vec::new()).await.unwrap();
    assert!(played.as_f64().is_some_and(|seconds| (seconds - 0.02).abs() < 0.001), "{played}");
    screenshot(browser).await;
}

/// Saves a screenshot if `CALLSTORE_TEST_SCREENSHOT` names a file.
async fn screenshot(browser: &Browser) {
    if let Some(file) = told("CALLSTORE_TEST_SCREENSHOT") {
        std::fs::write(file, browser.client.screenshot().await.unwrap()).unwrap();
    }
}

/// Sends the example of `startCall`, and returns what the page shows.
async fn start_call(browser: &Browser) -> String {
    browser.execute("Calls-startCall", "201").await
}

async fn check(server: &Server, browser: &Browser) {
    let url = server.url("/swagger-ui/").replace("127.0.0.1", HOST);
    browser.client.goto(&url).await.unwrap();
    browser.wait(".opblock").await;

    // Every operation of the document is listed.
    let document = server.get("/openapi.json").await.expect(200).json();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let mut documented: Vec<_> = operations
        .filter_map(|operation| {
            Some(format!("{}-{}", operation["tags"][0].as_str()?, operation["operationId"].as_str()?))
        })
        .collect();
    documented.sort();
    let listed = "return [...document.querySelectorAll('.opblock')].map(block => block.id.replace('operations-', ''))";
    let mut listed = browser.strings(listed).await;
    listed.sort();
    assert_eq!(listed, documented);

    // "Try it out" is on from the start; "Execute" sends the example.
    assert_eq!(server.get("/calls?total=true").await.json()["page"]["total"], 0);
    let shown = start_call(browser).await;
    let calls = server.get("/calls?total=true").await.expect(200).json();
    assert_eq!(calls["page"]["total"], 1);
    let id = calls["items"][0]["id"].as_str().unwrap();
    assert!(shown.contains(id), "the page does not show the call that was started");
    // A form is filled in from its example, too.
    let twiml = browser.execute("Twilio-twilioVoice", "200").await;
    assert!(twiml.contains("+14155550134"), "{twiml}");
    browser.is_content_with_its_policy().await;

    // Nothing was requested from another host, and the page contains nothing that would be.
    let loaded = "return [...performance.getEntriesByType('resource').map(entry => entry.name), \
                  ...[...document.querySelectorAll('[src], link[href]')].map(element => element.src || element.href)]";
    let origin = server.url("").replace("127.0.0.1", HOST);
    let loaded = browser.strings(loaded).await;
    assert!(loaded.iter().any(|url| url.ends_with("/openapi.json")), "{loaded:?}");
    let elsewhere: Vec<_> =
        loaded.iter().filter(|url| !url.starts_with(&format!("{origin}/")) && !url.starts_with("data:")).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}
