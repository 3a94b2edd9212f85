//! Measures `GET /calls` with a million calls: the first page, a page at depth 900,000 by cursor, each filter and each
//! sort, over HTTP on one connection.
//!
//! `cargo bench -p api --bench list_calls [-- CALLS]`
//!
//! Statistics, and filters by what other tables hold, over a year of calls:
//! `cargo bench -p api --bench list_calls -- year [CALLS]`
//!
//! With the same calls on PostgreSQL, in turns:
//! `scripts/with_postgres.sh --durable cargo bench -p api --bench list_calls`
#![expect(clippy::as_conversions, reason = "numbers are small, and samples are cut")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should say where")]

#[path = "../support/serve.rs"]
mod serve;
mod year;

use std::{path::Path, process::Command, time::Instant};

use migration::{Migrator, MigratorTrait};
use reqwest::Client;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use service::{CopyProgress, Database, copy_tables};

use serve::{client, serve};

/// Requests per figure.
const REQUESTS: usize = 1_000;

/// A service on one of the databases.
struct Side {
    name: &'static str,
    base: String,
    client: Client,
}

/// The durations of requests in milliseconds, per side.
type Taken = Vec<Vec<f64>>;

#[tokio::main]
async fn main() {
    let calls: u64 = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}", folder.path().join("callstore.db").display());
    if std::env::args().any(|argument| argument == "year") {
        year::run(&sqlite, calls, folder.path()).await;
        std::process::exit(0);
    }
    let begun = Instant::now();
    seed(&sqlite, calls).await;
    println!("{calls} calls stored in {:.1} s", begun.elapsed().as_secs_f64());
    let mut sides = Vec::new();
    #[expect(clippy::disallowed_methods, reason = "it is a setting of the benchmark")]
    if let Ok(server) = std::env::var("CALLSTORE_TEST_POSTGRES") {
        let begun = Instant::now();
        let postgres = copy(&sqlite, &server).await;
        println!("copied in {:.1} s", begun.elapsed().as_secs_f64());
        sides.push(Side::start("PostgreSQL", &postgres, folder.path()));
    }
    sides.insert(0, Side::start("SQLite", &sqlite, folder.path()));

    print!("{:<34}", "GET /calls");
    for side in &sides {
        print!(" {:>10} p50 ms {:>9} ms", side.name, "p99");
    }
    println!();
    let mut deep = Vec::new();
    for side in &sides {
        deep.push(format!("?cursor={}", side.cursor_at(calls * 9 / 10).await));
    }
    // Alternates, so that both sides meet the same load of a busy machine.
    let (mut first, mut depth): (Taken, Taken) = (vec![Vec::new(); sides.len()], vec![Vec::new(); sides.len()]);
    for _ in 0..REQUESTS {
        for (index, side) in sides.iter().enumerate() {
            first[index].push(side.ask("").await);
            depth[index].push(side.ask(&deep[index]).await);
        }
    }
    let (first, depth) = (print("first page", first), print("depth 90 % by cursor", depth));
    for ((side, first), depth) in sides.iter().zip(first).zip(depth) {
        println!("{}: depth 90 % / first page, p50: {:.2}", side.name, depth / first);
    }
    let queries = [
        "?status=completed",
        "?status=active",
        "?caller=%2B14155500042",
        "?agent=agent-7",
        "?direction=outbound",
        "?streamSid=MZ500000",
        "?callSid=CA500000",
        "?sort=-startTime",
        "?sort=startTime",
        "?sort=-duration",
        "?sort=duration",
        "?status=completed&sort=duration",
        "?agent=agent-7&sort=-duration",
        "?startedAfter=2023-11-20T00:00:00Z",
        "?minDuration=3590",
        "?offset=100000",
        "?limit=500",
    ];
    for query in queries {
        measure(&sides, query, REQUESTS).await;
    }
    for query in ["?total=true", "?total=true&status=completed"] {
        measure(&sides, query, 20).await;
    }
    std::process::exit(0);
}

impl Side {
    fn start(name: &'static str, database: &str, folder: &Path) -> Self {
        let address = serve(database, &folder.join(name));
        Self { name, base: format!("http://{address}/calls"), client: client() }
    }

    /// The cursor of the page after `depth` calls.
    async fn cursor_at(&self, depth: u64) -> String {
        let mut cursor = String::new();
        for _ in 0..depth / 500 {
            let after = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
            let page = self.client.get(format!("{}?limit=500{after}", self.base)).send().await.unwrap();
            let page: Value = serde_json::from_str(&page.text().await.unwrap()).unwrap();
            cursor = page["page"]["nextCursor"].as_str().unwrap().to_owned();
        }
        cursor
    }

    /// Sends a request and returns its duration in milliseconds.
    async fn ask(&self, query: &str) -> f64 {
        let begun = Instant::now();
        let response = self.client.get(format!("{}{query}", self.base)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{query}");
        response.bytes().await.unwrap();
        begun.elapsed().as_secs_f64() * 1e3
    }
}

/// Stores calls one second apart, with 10,000 callers and 100 agents. Every thousandth call is active.
async fn seed(url: &str, calls: u64) {
    let database = Database::open(&url.parse().unwrap()).await.unwrap();
    Migrator::up(database.writer(), None).await.unwrap();
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {calls})
         INSERT INTO call (id, stream_sid, call_sid, caller, agent, direction, encoding, sample_rate, start_time,
             end_time, duration_ms, status, end_reason, created_at, updated_at)
         SELECT unhex(printf('%012x7%03x8%015x', t, i % 4096, i)), 'MZ' || i, 'CA' || i,
             printf('+141555%05d', i % 10000), 'agent-' || (i % 100), iif(i % 3, 'inbound', 'outbound'), 'mulaw', 8000, t,
             iif(i % 1000, t + d, NULL), iif(i % 1000, d, NULL), iif(i % 1000, 'completed', 'active'),
             iif(i % 1000, 'api', NULL), t, t
         FROM (SELECT i, 1700000000000 + i * 1000 AS t, i * 7919 % 3600000 AS d FROM n)"
    );
    database.writer().execute_unprepared(&sql).await.unwrap();
    database.close().await;
}

/// Copies the calls to a new database on a PostgreSQL server, and returns its URL.
async fn copy(sqlite: &str, server: &str) -> String {
    let create = Command::new("psql").args(["-qc", "CREATE DATABASE calls", &format!("{server}/postgres")]).status();
    assert!(create.unwrap().success(), "psql makes a database");
    let url = format!("{server}/calls");
    let from = Database::open_alone(&sqlite.parse().unwrap(), false).await.unwrap();
    let to = Database::open_alone(&url.parse().unwrap(), true).await.unwrap();
    Migrator::up(to.writer(), None).await.unwrap();
    copy_tables(&from, &to, &Silent).await.unwrap();
    // As autovacuum does eventually.
    to.writer().execute_unprepared("VACUUM ANALYZE").await.unwrap();
    from.close().await;
    to.close().await;
    url
}

/// Progress that is not shown.
struct Silent;

impl CopyProgress for Silent {
    fn begin(&self, _: &str, _: u64) {}
    fn add(&self, _: u64) {}
}

async fn measure(sides: &[Side], query: &str, times: usize) {
    let mut taken: Taken = vec![Vec::new(); sides.len()];
    for _ in 0..times {
        for (side, taken) in sides.iter().zip(&mut taken) {
            taken.push(side.ask(query).await);
        }
    }
    print(query, taken);
}

/// Prints percentiles and returns the medians.
fn print(name: &str, taken: Taken) -> Vec<f64> {
    print!("{name:<34}");
    let mut medians = Vec::new();
    for mut taken in taken {
        taken.sort_by(f64::total_cmp);
        let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize];
        print!(" {:>17.3} {:>12.3}", at(0.5), at(0.99));
        medians.push(at(0.5));
    }
    match medians[..] {
        [sqlite, postgres] => println!("  {:>6.2} times SQLite's p50", postgres / sqlite),
        _ => println!(),
    }
    medians
}
