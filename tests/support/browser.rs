//! A browser for tests of pages: headless Chromium, driven by chromedriver.

use std::{io, panic::AssertUnwindSafe, process::Stdio, time::Duration};

use fantoccini::{Client, ClientBuilder, Locator, error::NewSessionError};
use futures_util::FutureExt;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::eventually;

/// How long a step of the browser may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// What to do if the browser is missing.
const INSTALL: &str = "run scripts/test.sh, which installs chromium and chromium-driver";
/// A host name that only this browser resolves: on 127.0.0.1 pages might omit requests to other hosts.
pub(crate) const HOST: &str = "callstore.test";

/// A headless Chromium that reaches only the server under test, and its driver.
pub(crate) struct Browser {
    pub client: Client,
    _driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser with extra options of `goog:chromeOptions`: each is a name and a value.
    pub(crate) async fn open(options: &[(&str, Value)]) -> Self {
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
            "--autoplay-policy=no-user-gesture-required".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
            format!("--host-resolver-rules=MAP {HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
        ];
        let mut chrome = json!({ "args": arguments });
        options.iter().for_each(|(name, value)| chrome[*name] = value.clone());
        let Value::Object(capabilities) = json!({ "goog:chromeOptions": chrome }) else { unreachable!() };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let address = format!("http://127.0.0.1:{port}");
        let session = builder.capabilities(capabilities).connect(&address);
        let client = tokio::time::timeout(PATIENCE, session).await.unwrap();
        let client =
            client.unwrap_or_else(|error: NewSessionError| panic!("Chromium cannot be started ({error}): {INSTALL}"));
        Self { client, _driver: driver, _profile: profile }
    }

    /// Runs a test, and closes the browser even if it fails: killing the driver would leave it running.
    pub(crate) async fn during(self, test: impl AsyncFnOnce(&Self)) {
        let outcome = AssertUnwindSafe(test(&self)).catch_unwind().await;
        self.client.clone().close().await.unwrap();
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }

    /// Clicks an element once it exists.
    pub(crate) async fn click(&self, css: &str) {
        self.wait(css).await.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Waits for an element.
    pub(crate) async fn wait(&self, css: &str) -> fantoccini::elements::Element {
        let element = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        element.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// Fails if the page's policy has blocked something.
    pub(crate) async fn is_content_with_its_policy(&self) {
        let reports = "const told = arguments[arguments.length - 1]; const found = []; \
             const observer = new ReportingObserver(reports => found.push(...reports.map(report => JSON.stringify(report))), \
             { types: ['csp-violation'], buffered: true }); observer.observe(); \
             setTimeout(() => told(found.concat(observer.takeRecords().map(report => JSON.stringify(report)))), 0);";
        let reports = self.client.execute_async(reports, Vec::new()).await.unwrap();
        assert_eq!(reports, json!([]));
    }

    /// Waits until a script returns something that is not falsy, and returns it.
    pub(crate) async fn until(&self, script: &str) -> Value {
        eventually(script, || async {
            let found = self.run(script).await;
            let is_falsy = [json!(null), json!(false), json!(0), json!("")].contains(&found);
            (!is_falsy).then_some(found)
        })
        .await
    }

    /// The result of a script.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// The result of a list of statements that may await, run in the page.
    pub(crate) async fn run_async(&self, body: &str) -> Value {
        let script = format!(
            "const told = arguments[arguments.length - 1]; \
             (async () => {{ {body} }})().then(told, error => told(`failed: ${{error}}`));"
        );
        self.client.execute_async(&script, Vec::new()).await.unwrap_or_else(|error| panic!("{body}: {error}"))
    }

    /// The result of a script: a list of strings.
    pub(crate) async fn strings(&self, script: &str) -> Vec<String> {
        serde_json::from_value(self.run(script).await).unwrap()
    }
}
