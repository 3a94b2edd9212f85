//! Measures how many chunks and transcripts per second the service stores, each acknowledged once it is on disk. The
//! service and the client have a core each. A bare handler, which parses the same JSON and stores nothing, is measured
//! beside it.
//!
//! `cargo bench -p api --bench ingest [-- SECONDS]`
//!
//! With PostgreSQL beside SQLite, where service, client and database server share two cores:
//! `scripts/with_postgres.sh --durable cargo bench -p api --bench ingest`
#![expect(clippy::as_conversions, reason = "numbers are small, and samples are cut")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should say where")]

mod bare;
mod client;

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use client::{Load, Measured};

/// The service's allocator, so that the bare handler has it, too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The cores of the service and the client. With a database server, all share both.
const SERVER_CORE: &str = "0";
const BOTH_CORES: &str = "0,1";
const CLIENT_CORE: usize = 1;
/// How often each figure is measured. Rounds alternate between the servers.
const ROUNDS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|argument| argument == "bare") {
        return bare::serve();
    }
    let seconds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(10);
    println!("{:<44} {:>9} {:>9} {:>9} {:>9} {:>9}", "", "a second", "p50 ms", "p99 ms", "max ms", "us CPU");
    #[expect(clippy::disallowed_methods, reason = "it is a setting of the benchmark")]
    let postgres = std::env::var("CALLSTORE_TEST_POSTGRES");
    match postgres {
        Ok(server) => compare(&server, seconds),
        Err(_) => alone(seconds),
    }
}

/// Measures SQLite and PostgreSQL in turns.
fn compare(server: &str, seconds: u64) {
    let mut rates: [Vec<f64>; 4] = [const { Vec::new() }; 4];
    for round in 0..ROUNDS {
        for (kind, (load, connections)) in [(Load::Chunks, 100), (Load::Transcripts, 50)].into_iter().enumerate() {
            let name = ["chunks", "transcripts"][kind];
            let sqlite = Server::callstore(BOTH_CORES, "sqlite://callstore.db");
            rates[2 * kind].push(measure(&format!("{name}, SQLite"), sqlite, load, connections, seconds));
            let database = format!("{server}/{name}_{round}");
            let create = format!("CREATE DATABASE {name}_{round}");
            let psql = Command::new("psql").args(["-qc", &create, &format!("{server}/postgres")]).status();
            assert!(psql.unwrap().success(), "psql makes a database");
            let postgres = Server::callstore(BOTH_CORES, &database);
            rates[2 * kind + 1].push(measure(&format!("{name}, PostgreSQL"), postgres, load, connections, seconds));
        }
    }
    let [chunks, chunks_postgres, transcripts, transcripts_postgres] = rates.each_mut().map(|rates| median(rates));
    println!(
        "median on PostgreSQL: chunks {chunks_postgres:.0} a second, {:.2} of SQLite's; transcripts {transcripts_postgres:.0}, {:.2}",
        chunks_postgres / chunks,
        transcripts_postgres / transcripts
    );
}

/// Measures SQLite on its own core, and a bare handler.
fn alone(seconds: u64) {
    pin_client();
    let (mut bare, mut chunks, mut transcripts) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(measure("bare handler, 100 connections", Server::bare(), Load::Chunks, 100, seconds));
        let callstore = || Server::callstore(SERVER_CORE, "sqlite://callstore.db");
        chunks.push(measure("chunks, durable, 100 connections", callstore(), Load::Chunks, 100, seconds));
        let server = callstore();
        transcripts.push(measure("transcripts, durable, 50 connections", server, Load::Transcripts, 50, seconds));
    }
    let (bare, chunks) = (median(&mut bare), median(&mut chunks));
    println!(
        "median: chunks {chunks:.0} a second, {:.2} of the bare handler; transcripts {:.0}",
        chunks / bare,
        median(&mut transcripts)
    );
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn measure(name: &str, server: Server, load: Load, connections: usize, seconds: u64) -> f64 {
    let cpu = server.cpu_seconds();
    let Measured { answers, elapsed, mut latencies } =
        client::run(server.address, load, connections, Duration::from_secs(seconds));
    let cpu = server.cpu_seconds() - cpu;
    latencies.sort_unstable();
    let at = |share: f64| f64::from(latencies[((latencies.len() - 1) as f64 * share) as usize]) / 1e3;
    let rate = answers as f64 / elapsed.as_secs_f64();
    let each = cpu * 1e6 / answers as f64;
    println!("{name:<44} {rate:>9.0} {:>9.2} {:>9.2} {:>9.2} {each:>9.2}", at(0.5), at(0.99), at(1.0));
    rate
}

/// A server in its own process and folder, pinned to cores.
struct Server {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Server {
    fn bare() -> Self {
        let program = std::env::current_exe().unwrap();
        Self::start(SERVER_CORE, &[program.to_str().unwrap(), "bare"])
    }

    fn callstore(cores: &str, database: &str) -> Self {
        let callstore = env!("CARGO_BIN_EXE_callstore");
        let settings = ["--listen", "127.0.0.1:0", "--log-format", "json", "--database-url", database];
        Self::start(cores, &[&[callstore][..], &settings].concat())
    }

    fn start(cores: &str, command: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Command::new("taskset");
        server.args(["-c", cores]).args(command).current_dir(folder.path());
        let mut child = server.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap_or_default();
            line["address"].as_str().and_then(|address| address.parse().ok())
        });
        std::thread::spawn(move || lines.for_each(|line| eprintln!("{}", line.unwrap_or_default())));
        Self { child, address: address.unwrap(), _folder: folder }
    }

    fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
        fields.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn pin_client() {
    let id = std::process::id().to_string();
    let pinned = Command::new("taskset").args(["-cp", &CLIENT_CORE.to_string(), &id]).stdout(Stdio::null()).status();
    assert!(pinned.unwrap().success(), "taskset (util-linux) pins the client to a core");
}
