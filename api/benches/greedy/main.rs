//! Measures what slow and greedy clients cost others: the latency of eight clients that write chunks, before, during
//! and after an attack. The attack consists of a thousand clients that send their heads byte by byte, a thousand that
//! send their bodies so, and five hundred that do not read their responses. Also measures when the service disconnects
//! them.
//!
//! `cargo bench -p api --bench greedy [-- SECONDS]`
#![expect(clippy::as_conversions, reason = "numbers are small, and samples are cut")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should say where")]

mod crowd;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crowd::{Cut, Reader, Slow};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{interval, sleep},
};

/// The number of clients of each kind. Each reconnects as soon as it is disconnected.
const SLOW: [(Slow, usize); 5] =
    [(Slow::Head, 500), (Slow::SecondHead, 500), (Slow::Body, 500), (Slow::ChunkedBody, 500), (Slow::Silent, 100)];
const READERS: usize = 500;
/// The time over which they connect: 420 per second. Tools for such attacks open 50 per second by default.
const ARRIVAL: Duration = Duration::from_secs(5);
/// The clients whose latency is measured, and the pause between their requests.
const OTHERS: usize = 8;
const PAUSE: Duration = Duration::from_millis(10);

fn main() {
    let seconds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(60);
    tokio::runtime::Runtime::new().unwrap().block_on(run(Duration::from_secs(seconds)));
}

async fn run(length: Duration) {
    let service = Service::start();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let recording = service.record(&client).await;
    let before = measure(&service, &client, length / 2, 0).await;
    let over = Arc::new(AtomicBool::new(false));
    let mut slow = JoinSet::new();
    for (kind, phase) in
        SLOW.into_iter().flat_map(|(kind, count)| (0..count).map(move |n| (kind, n as f64 / count as f64)))
    {
        let (address, over) = (service.address.clone(), over.clone());
        slow.spawn(async move {
            let mut cuts = Vec::new();
            sleep(ARRIVAL.mul_f64(phase)).await;
            while !over.load(Ordering::Relaxed) {
                cuts.push((kind, kind.run(&address, phase).await));
            }
            cuts
        });
    }
    let mut readers = Vec::new();
    for _ in 0..READERS {
        readers.push(Reader::ask(&service.address, &recording, 1).await);
    }
    let asked = Instant::now();
    let (during, unread) = tokio::join!(measure(&service, &client, length, 1), service.stalled(&client, asked));
    over.store(true, Ordering::Relaxed);
    let cuts: Vec<(Slow, Cut)> = slow.join_all().await.into_iter().flatten().collect();
    drop(readers);
    let after = measure(&service, &client, length / 2, 2).await;

    println!("\n{:<12} {:>9} {:>9} {:>9} {:>9}", "others", "requests", "p50 ms", "p99 ms", "max ms");
    for (name, latencies) in [("before", &before), ("during", &during), ("after", &after)] {
        let at = |share| quantile(latencies, share) * 1e3;
        println!("{name:<12} {:>9} {:>9.2} {:>9.2} {:>9.2}", latencies.len(), at(0.5), at(0.99), at(1.0));
    }
    println!("p99 during / before: {:.2}", quantile(&during, 0.99) / quantile(&before, 0.99));
    for (kind, _) in SLOW {
        let mut times: Vec<_> = cuts.iter().filter(|cut| cut.0 == kind).map(|cut| cut.1.after.as_secs_f64()).collect();
        times.sort_by(f64::total_cmp);
        let told = cuts.iter().filter(|cut| cut.0 == kind && cut.1.answer.starts_with(b"HTTP/1.1 408")).count();
        println!(
            "{kind:?}: {} cut, {told} of them told so; the last after {:.1} s",
            times.len(),
            times.last().unwrap()
        );
    }
    println!("readers: {READERS} cut, the last after {:.1} s", unread.as_secs_f64());
}

/// Runs clients that write a chunk now and then, and returns their latencies in seconds, sorted.
async fn measure(service: &Service, client: &reqwest::Client, length: Duration, round: usize) -> Vec<f64> {
    let mut others = JoinSet::new();
    for number in 0..OTHERS {
        let (client, url) = (client.clone(), service.url("/calls"));
        others.spawn(async move {
            let call = format!("MZ{round}-{number}");
            send(&client, &url, &json!({ "streamSid": call, "caller": "bench" })).await;
            let url = format!("{url}/{call}/chunks");
            let chunk = json!({ "audio": service::audio::encode_base64(&[0xFF; 160]) });
            let (begun, mut beat, mut latencies) = (Instant::now(), interval(PAUSE), Vec::new());
            while begun.elapsed() < length {
                beat.tick().await;
                let sent = Instant::now();
                send(&client, &url, &chunk).await;
                latencies.push(sent.elapsed().as_secs_f64());
            }
            latencies
        });
    }
    let mut latencies: Vec<_> = others.join_all().await.into_iter().flatten().collect();
    latencies.sort_by(f64::total_cmp);
    latencies
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

async fn send(client: &reqwest::Client, url: &str, body: &Value) -> Value {
    let answer = client.post(url).json(body).send().await.unwrap();
    answer.error_for_status().unwrap().json().await.unwrap()
}

/// A service in its own process and folder.
struct Service {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Service {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut service = Command::new(env!("CARGO_BIN_EXE_callstore"));
        service.args(["--listen", "127.0.0.1:0", "--log-format", "json"]).env("RUST_LOG", "info,actix_http=off");
        let mut child = service.current_dir(folder.path()).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap_or_default();
            line["address"].as_str().map(str::to_owned)
        });
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.unwrap(), _folder: folder }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Makes a recording larger than any buffer, and returns the path of its audio.
    async fn record(&self, client: &reqwest::Client) -> String {
        send(client, &self.url("/calls"), &json!({ "streamSid": "long", "caller": "bench" })).await;
        let audio = service::audio::encode_base64(&vec![0xFF; 256 * 1024]);
        for _ in 0..20 {
            send(client, &self.url("/calls/long/chunks"), &json!({ "audio": audio })).await;
        }
        let ended = send(client, &self.url("/calls/long/end"), &json!({})).await;
        format!("/recordings/{}/audio", ended["recordings"][0]["id"].as_str().unwrap())
    }

    /// Waits until the service has disconnected all readers, and returns the time since `since`.
    async fn stalled(&self, client: &reqwest::Client, since: Instant) -> Duration {
        let mut beat = interval(Duration::from_millis(250));
        loop {
            beat.tick().await;
            let text = client.get(self.url("/metrics")).send().await.unwrap().text().await.unwrap();
            let name = "callstore_connections_stalled_total ";
            let cut = text.lines().find_map(|line| line.strip_prefix(name)?.parse::<usize>().ok());
            if cut.is_some_and(|cut| cut >= READERS) {
                return since.elapsed();
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
