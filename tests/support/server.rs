//! A server in this process, on a free port, in its own folder.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    thread::JoinHandle,
};

use actix_web::rt::System;
use api::{server, settings::Settings};
use clap::Parser;
use reqwest::{Client, redirect::Policy};
use sea_orm::DatabaseConnection;
use service::{Clock, SystemIds, Timestamp};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{
    Leftover, Objects, client_builder,
    database::{connect, database_url, drop_tables, execute, query_strings, tables},
    leftovers::{self, Data},
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

/// A server and its folder. When dropped it stops, and must not leave anything behind but what its test names.
pub(crate) struct Server {
    pub clock: TestClock,
    pub client: Client,
    folder: TempDir,
    objects: Option<Arc<Objects>>,
    /// The file that is the database, or stands for it; shared by all nodes of a cluster.
    database_file: Arc<PathBuf>,
    arguments: Vec<String>,
    pub(super) address: SocketAddr,
    running: Option<Running>,
    /// The actix systems of all starts.
    systems: Vec<usize>,
    /// What the test leaves behind on purpose.
    left: Mutex<Vec<Leftover>>,
}

/// A running server. Dropping `stop` stops it, as a signal does.
struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
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
        super::write_secret(&file, format!("{ADMIN_KEY}\n"));
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
        let mut node = Self::start_in(TempDir::new().unwrap(), &arguments, self.objects.clone()).await;
        node.database_file = self.database_file.clone();
        node
    }

    async fn start_in(folder: TempDir, arguments: &[&str], objects: Option<Arc<Objects>>) -> Self {
        let clock = TestClock(Arc::new(AtomicI64::new(TestClock::START_MS)));
        let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
        let (running, address, system) = run(&folder, &clock, &arguments, objects.as_deref()).await;
        Self {
            clock,
            objects,
            client: client_builder().redirect(Policy::none()).build().unwrap(),
            database_file: Arc::new(folder.path().join("callstore.db")),
            folder,
            arguments,
            address,
            running: Some(running),
            systems: vec![system],
            left: Mutex::default(),
        }
    }

    /// Stops the server and starts another on the same folder.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        let started = run(&self.folder, &self.clock, &self.arguments, self.objects.as_deref()).await;
        let (running, address, system) = started;
        (self.running, self.address) = (Some(running), address);
        self.systems.push(system);
    }

    /// Stops the server as a signal does.
    pub(crate) async fn stop(&mut self) {
        self.stop_and(async {}).await;
    }

    /// Stops the server while something else runs.
    pub(crate) async fn stop_and(&mut self, meanwhile: impl Future<Output = ()>) {
        let Some(Running { stop, thread }) = self.running.take() else { return };
        drop(stop);
        let (ended, ()) = tokio::join!(tokio::task::spawn_blocking(|| thread.join()), meanwhile);
        ended.unwrap().unwrap();
    }

    /// Says what the test leaves behind on purpose.
    pub(crate) fn leaves(&self, left: Leftover) {
        self.left.lock().unwrap().push(left);
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
        self.database_file.to_path_buf()
    }

    /// Number of rows per table, without the migrations, settings, leases, and the audit.
    pub(crate) async fn rows(&self) -> Vec<(String, i64)> {
        let database = self.database().await;
        let tables = tables(&database).await;
        let mut rows = Vec::new();
        for table in tables.into_iter().filter(|table| {
            !table.contains("migrations")
                && !table.starts_with("search_text")
                && table != "search_progress"
                && !table.starts_with("audit_")
                // Built and emptied in the background.
                && !table.starts_with("stats_")
                && !["setting", "lease"].contains(&table.as_str())
        }) {
            let count = query_strings(&database, &format!("SELECT CAST(COUNT(*) AS TEXT) FROM \"{table}\"")).await;
            rows.push((table, count[0].parse().unwrap()));
        }
        database.close().await.unwrap();
        rows
    }

    /// Number of rows in a table.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let database = self.database().await;
        let count = query_strings(&database, &format!("SELECT CAST(COUNT(*) AS TEXT) FROM \"{table}\"")).await;
        database.close().await.unwrap();
        count[0].parse().unwrap()
    }

    /// Runs statements on the database behind the server's back.
    pub(crate) async fn execute(&self, statements: &str) {
        execute(&self.database_file(), statements).await;
    }

    /// Drops all tables, so that everything that needs the database fails.
    pub(crate) async fn break_database(&self) {
        self.leaves(Leftover::Damage);
        self.leaves(Leftover::Error(""));
        let database = self.database().await;
        let all = tables(&database).await;
        database.close().await.unwrap();
        let all: Vec<_> = all.into_iter().filter(|table| !table.contains("migrations")).collect();
        self.execute(&drop_tables(&all)).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        let named = std::mem::take(&mut *self.left.lock().unwrap_or_else(PoisonError::into_inner));
        // The last node of a cluster looks at the data.
        let is_last = Arc::strong_count(&self.database_file) == 1 && !named.contains(&Leftover::Damage);
        let data = Data { database: self.database_file(), recordings: self.recordings() };
        if let Some(Running { stop, thread }) = self.running.take() {
            if !failed && is_last && !named.contains(&Leftover::Work) {
                data.wait_for_work();
            }
            drop(stop);
            let ended = thread.join();
            assert!(failed || ended.is_ok(), "the server did not stop");
        }
        if failed {
            return;
        }
        log::holds_nothing_private();
        leftovers::no_errors_but(&named, &self.systems);
        if is_last {
            data.check(&named);
        }
    }
}

async fn run(
    folder: &TempDir,
    clock: &TestClock,
    arguments: &[String],
    objects: Option<&Objects>,
) -> (Running, SocketAddr, usize) {
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
    let (started, starting) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        let system = System::new();
        system.block_on(async move {
            let (running, server) = server::start(&settings, clock, Arc::new(SystemIds)).await.unwrap();
            assert!(started.send((running.address, System::current().id())).is_ok(), "the test has ended");
            let signal = async {
                let _ = stopped.await;
                Ok(())
            };
            running.until(server, signal).await.unwrap();
        });
    });
    let (address, system) = starting.await.unwrap();
    (Running { stop, thread }, address, system)
}
