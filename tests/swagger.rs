//! Swagger UI in a browser: it needs no other host, and "Execute" works.

use fantoccini::key::Key;

use crate::support::{ADMIN_KEY, Browser, HOST, Server, told};

impl Browser {
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
}

#[tokio::test]
async fn swagger_ui_works_without_any_other_host() {
    let server = Server::start_with(&["--allowed-hosts", HOST]).await;
    Browser::open(&[]).await.during(async |browser| check(&server, browser).await).await;
}

#[tokio::test]
async fn swagger_ui_asks_for_a_key_and_sends_it() {
    let server = Server::keyed().await;
    Browser::open(&[]).await.during(async |browser| authorize(&server, browser).await).await;
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
