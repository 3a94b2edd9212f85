//! A server in this process, on a free port, in its own folder.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread::JoinHandle,
};

use api::{server, server::Running, settings::Settings};
use clap::Parser;
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use sea_orm::DatabaseConnection;
use serde_json::Value;
use service::{Clock, SystemIds, Timestamp};
use tempfile::TempDir;

use super::{
    Answer, Objects, client_builder,
    database::{connect, database_url, drop_tables, execute, query_strings, tables},
    log, store,
};

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// 2026-01-02T03:04:05.678Z.
    pub(crate) const START_MS: i64 = 1_767_323_045_678;

    /// Moves the clock forward.
    pub(crate) fn advance_ms(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A server and its folder; it stops when dropped.
pub(crate) struct Server {
    pub clock: TestClock,
    pub client: Client,
    folder: TempDir,
    objects: Option<Arc<Objects>>,
    arguments: Vec<String>,
    running: Running,
    thread: Option<JoinHandle<()>>,
}

/// The admin key of a server that requires keys.
pub(crate) const ADMIN_KEY: &str = "the-admin-s-key-of-the-tests-0123456789";

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
}

impl Server {
    /// Starts a server on an empty folder, without a key.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a server that requires keys; its own client sends the admin's.
    pub(crate) async fn keyed() -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("admin-key");
        std::fs::write(&file, format!("{ADMIN_KEY}\n")).unwrap();
        let mut server = Self::start_in(folder, &["--admin-key-file", file.to_str().unwrap()], None).await;
        let key = format!("Bearer {ADMIN_KEY}").parse().unwrap();
        let headers = [(reqwest::header::AUTHORIZATION, key)].into_iter().collect();
        server.client = client_builder().redirect(Policy::none()).default_headers(headers).build().unwrap();
        server
    }

    /// Starts a server on an empty folder, with extra settings.
    pub(crate) async fn start_with(arguments: &[&str]) -> Self {
        Self::start_in(TempDir::new().unwrap(), arguments, None).await
    }

    /// Starts a server with its recordings in the test's own object store, under `calls/`.
    pub(crate) async fn on(objects: &Arc<Objects>, arguments: &[&str]) -> Self {
        let url = Objects::url("calls");
        let arguments = [arguments, &["--recordings-url", &url]].concat();
        Self::start_in(TempDir::new().unwrap(), &arguments, Some(objects.clone())).await
    }

    /// Starts another node on this server's database and object store.
    pub(crate) async fn beside(&self) -> Self {
        let database = database_url(&self.database_file());
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let arguments = [&arguments[..], &["--database-url", &database]].concat();
        Self::start_in(TempDir::new().unwrap(), &arguments, self.objects.clone()).await
    }

    async fn start_in(folder: TempDir, arguments: &[&str], objects: Option<Arc<Objects>>) -> Self {
        let clock = TestClock(Arc::new(AtomicI64::new(TestClock::START_MS)));
        let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
        let (running, thread) = run(&folder, &clock, &arguments, objects.as_deref()).await;
        Self {
            clock,
            objects,
            client: client_builder().redirect(Policy::none()).build().unwrap(),
            folder,
            arguments,
            running,
            thread: Some(thread),
        }
    }

    /// Stops the server and starts another on the same folder.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        let (running, thread) = run(&self.folder, &self.clock, &self.arguments, self.objects.as_deref()).await;
        (self.running, self.thread) = (running, Some(thread));
    }

    /// Stops the server as a signal does.
    pub(crate) async fn stop(&mut self) {
        self.stop_and(async {}).await;
    }

    /// Stops the server while something else runs.
    pub(crate) async fn stop_and(&mut self, meanwhile: impl Future<Output = ()>) {
        let Some(thread) = self.thread.take() else { return };
        tokio::join!(self.running.stop(), meanwhile);
        tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap();
    }

    /// The folder of the database and the recordings.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The folder of the recordings, wherever they are.
    pub(crate) fn recordings(&self) -> std::path::PathBuf {
        let own = self.objects.as_ref().map(|objects| objects.folder("calls"));
        own.unwrap_or_else(|| store::recordings(self.folder(), "recordings"))
    }

    /// The test's own connection to the database.
    pub(crate) async fn database(&self) -> DatabaseConnection {
        connect(&self.database_file()).await
    }

    /// The file that is the database, or stands for it.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.folder().join("callstore.db")
    }

    /// Number of rows per table, without the migrations, settings, leases, and the audit.
    pub(crate) async fn rows(&self) -> Vec<(String, i64)> {
        let database = self.database().await;
        let tables = tables(&database).await;
        let mut rows = Vec::new();
        for table in tables.into_iter().filter(|table| {
            !table.contains("migrations") && !["setting", "audit_entry", "lease"].contains(&table.as_str())
        }) {
            let count = query_strings(&database, &format!("SELECT CAST(COUNT(*) AS TEXT) FROM \"{table}\"")).await;
            rows.push((table, count[0].parse().unwrap()));
        }
        database.close().await.unwrap();
        rows
    }

    /// Number of rows in a table.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.rows().await.into_iter().find(|(name, _)| name == table).unwrap().1
    }

    /// Runs statements on the database behind the server's back.
    pub(crate) async fn execute(&self, statements: &str) {
        execute(&self.database_file(), statements).await;
    }

    /// Drops all tables, so that everything that needs the database fails.
    pub(crate) async fn break_database(&self) {
        let database = self.database().await;
        let all = tables(&database).await;
        database.close().await.unwrap();
        let all: Vec<_> = all.into_iter().filter(|table| !table.contains("migrations")).collect();
        self.execute(&drop_tables(&all)).await;
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.address)
    }

    /// Sends raw bytes.
    pub(crate) async fn raw(&self, request: &[u8]) -> Answer {
        Answer::of_bytes(&self.running.address.to_string(), request).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::read(self.request(Method::DELETE, path).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        Answer::read(self.request(method, path).json(body).send().await.unwrap()).await
    }

    /// Sends bytes with a content type.
    pub(crate) async fn post_bytes(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", content_type).body(body);
        Answer::read(request.send().await.unwrap()).await
    }

    /// Sends a request with an extra header.
    pub(crate) async fn get_with(&self, path: &str, name: &str, value: &str) -> Answer {
        Answer::read(self.request(Method::GET, path).header(name, value).send().await.unwrap()).await
    }

    /// Makes a recording of 20 ms and returns its id.
    pub(crate) async fn record(&self, stream_sid: &str) -> String {
        self.start_call(stream_sid).await;
        let call = format!("/calls/{stream_sid}");
        self.post(&format!("{call}/chunks"), &super::chunk("inbound", 0, 0)).await.expect(201);
        let ended = self.post(&format!("{call}/end"), &serde_json::json!({})).await.expect(200).json();
        ended["recordings"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Starts a call and returns its id.
    pub(crate) async fn start_call(&self, stream_sid: &str) -> String {
        let call = self.post("/calls", &super::call(stream_sid)).await.expect(201).json();
        call["id"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let running = self.running.clone();
            let stop = std::thread::spawn(move || {
                tokio::runtime::Runtime::new().unwrap().block_on(running.stop());
            });
            let (stopped, ended) = (stop.join(), thread.join());
            assert!(std::thread::panicking() || (stopped.is_ok() && ended.is_ok()), "the server did not stop");
        }
        if !std::thread::panicking() {
            log::holds_nothing_private();
        }
    }
}

async fn run(
    folder: &TempDir,
    clock: &TestClock,
    arguments: &[String],
    objects: Option<&Objects>,
) -> (Running, JoinHandle<()>) {
    log::watch();
    let mut own: Vec<_> = ["test", "--listen", "127.0.0.1:0"].map(str::to_owned).into();
    let given = |name| arguments.iter().any(|argument| argument == name);
    if !given("--database-url") {
        own.extend(["--database-url".to_owned(), database_url(&folder.path().join("callstore.db"))]);
    }
    if !given("--recordings-url") {
        own.extend(store::arguments(folder.path(), &folder.path().join("recordings")));
    }
    let mut settings = Arguments::parse_from(own.iter().chain(arguments)).settings;
    settings.recordings.environment = store::environment(objects);
    let clock = Box::new(clock.clone());
    let (started, running) = tokio::sync::oneshot::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let (running, server) = server::start(&settings, clock, Arc::new(SystemIds)).await.unwrap();
            assert!(started.send(running).is_ok(), "the test has ended");
            server.await.unwrap();
        });
    });
    (running.await.unwrap(), thread)
}
