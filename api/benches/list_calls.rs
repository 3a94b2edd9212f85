//! How long `GET /calls` takes with a million calls: the first page, a page at depth 900,000 by cursor, each filter and
//! each sort, over HTTP on one connection. `cargo bench -p api --bench list_calls [-- CALLS]`
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should say where")]

use std::{
    sync::{Arc, mpsc},
    time::Instant,
};

use api::{server, settings::Settings};
use clap::Parser;
use reqwest::Client;
use sea_orm::{ConnectionTrait, Database};
use serde_json::Value;
use service::{SystemClock, SystemIds};

/// Requests for each figure.
const REQUESTS: usize = 1_000;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
}

#[tokio::main]
async fn main() {
    let calls: u64 = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("callstore.db").display());
    let recordings = folder.path().join("recordings").display().to_string();
    let arguments = ["bench", "--listen", "127.0.0.1:0", "--database-url", &url, "--recordings", &recordings];
    let address = serve(Arguments::parse_from(arguments).settings);

    let begun = Instant::now();
    seed(&url, calls).await;
    println!("{calls} calls stored in {:.1} s", begun.elapsed().as_secs_f64());

    let client = Client::new();
    let base = format!("http://{address}/calls");
    let deep = cursor_at(&client, &base, calls * 9 / 10).await;
    println!("{:<44} {:>9} {:>9}", "GET /calls", "p50 ms", "p99 ms");
    // In turns, so that both meet the same moments of a busy machine.
    let (mut first, mut depth) = (Vec::new(), Vec::new());
    for _ in 0..REQUESTS {
        first.push(ask(&client, &base).await);
        depth.push(ask(&client, &format!("{base}?cursor={deep}")).await);
    }
    let (first, depth) = (print("first page", first), print("depth 90 % by cursor", depth));
    println!("{:<44} {:>9.2}", "depth 90 % / first page, p50", depth / first);
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
        measure(&client, &base, query, REQUESTS).await;
    }
    for query in ["?total=true", "?total=true&status=completed"] {
        measure(&client, &base, query, 20).await;
    }
    std::process::exit(0);
}

/// Starts the service in threads of its own and returns its address.
fn serve(settings: Settings) -> std::net::SocketAddr {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let (running, server) = server::start(&settings, Box::new(SystemClock), Arc::new(SystemIds)).await.unwrap();
            send.send(running.address).unwrap();
            server.await.unwrap();
        });
    });
    receive.recv().unwrap()
}

/// Stores calls a second apart, with 10,000 callers, 100 agents, and every thousandth one active.
async fn seed(url: &str, calls: u64) {
    let database = Database::connect(url).await.unwrap();
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
    database.execute_unprepared(&sql).await.unwrap();
}

/// The cursor that leads to the page after so many calls.
async fn cursor_at(client: &Client, base: &str, depth: u64) -> String {
    let mut cursor = String::new();
    for _ in 0..depth / 500 {
        let after = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
        let page = client.get(format!("{base}?limit=500{after}")).send().await.unwrap().text().await.unwrap();
        let page: Value = serde_json::from_str(&page).unwrap();
        cursor = page["page"]["nextCursor"].as_str().unwrap().to_owned();
    }
    cursor
}

async fn measure(client: &Client, base: &str, query: &str, times: usize) {
    let url = format!("{base}{query}");
    let mut taken = Vec::with_capacity(times);
    for _ in 0..times {
        taken.push(ask(client, &url).await);
    }
    print(query, taken);
}

/// How long a request takes, in milliseconds.
async fn ask(client: &Client, url: &str) -> f64 {
    let begun = Instant::now();
    let response = client.get(url).send().await.unwrap();
    assert_eq!(response.status(), 200, "{url}");
    response.bytes().await.unwrap();
    begun.elapsed().as_secs_f64() * 1e3
}

/// Prints and returns the median.
fn print(name: &str, mut taken: Vec<f64>) -> f64 {
    taken.sort_by(f64::total_cmp);
    let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize];
    println!("{name:<44} {:>9.3} {:>9.3}", at(0.5), at(0.99));
    at(0.5)
}
