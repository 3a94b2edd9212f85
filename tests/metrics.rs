//! `/metrics` of the built service: its counts, and that Prometheus understands them. `documents` checks the
//! documentation of the metrics.

mod documents;
mod exposition;

use std::path::PathBuf;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    support::{Binary, Socket, chunk, client_builder, eventually, execute, on_folder, on_sqlite, run_program, silence},
    twilio::{inbound, start, stop},
};
use exposition::Exposition;

/// A service in its own process, so that only this test counts.
pub(crate) struct Service {
    pub binary: Binary,
    client: Client,
    folder: TempDir,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let binary = Binary::serve(folder.path()).await;
        // A pool may open more connections than requests need, and keeps them: they would be counted as well.
        let client = client_builder().pool_max_idle_per_host(0).build().unwrap();
        Self { binary, client, folder }
    }

    async fn send(&self, method: Method, path: &str, body: Value, status: u16) -> Value {
        let answer = self.client.request(method, self.binary.url(path)).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        answer.json().await.unwrap_or_default()
    }

    pub(crate) async fn post(&self, path: &str, body: Value, status: u16) -> Value {
        self.send(Method::POST, path, body, status).await
    }

    pub(crate) async fn start_call(&self, name: &str) {
        self.post("/calls", json!({ "streamSid": name, "caller": "a" }), 201).await;
    }

    /// Ends a call and returns the size of its recording in bytes.
    async fn end(&self, name: &str) -> f64 {
        let ended = self.post(&format!("/calls/{name}/end"), json!({}), 200).await;
        ended["recordings"][0]["sizeBytes"].as_f64().unwrap_or(0.0)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.client.get(self.binary.url(path)).send().await.unwrap().json().await.unwrap()
    }

    async fn text(&self) -> String {
        let answer = self.client.get(self.binary.url("/metrics")).send().await.unwrap();
        answer.error_for_status().unwrap().text().await.unwrap()
    }

    pub(crate) async fn scrape(&self) -> Exposition {
        Exposition::parse(&self.text().await)
    }

    /// Waits until a series has a value.
    pub(crate) async fn wait_for(&self, series: &str, value: f64) {
        eventually(series, || async { (self.scrape().await.value(series) == value).then_some(()) }).await;
    }
}

/// Prometheus' own checker, where scripts/test.sh has installed it.
fn promtool() -> String {
    let path: PathBuf = Binary::path().ancestors().nth(2).unwrap().join("promtool/promtool");
    assert!(path.exists(), "{} is missing; scripts/test.sh fetches it", path.display());
    path.to_str().unwrap().to_owned()
}

/// A stream that is taken over, skips some frames, and ends its call; returns the bytes of its recording.
async fn stream_of_a_carrier(service: &Service) -> f64 {
    let url = service.binary.url("/twilio/stream");
    let mut first = Socket::open(&url).await;
    first.json(&start("carrier")).await;
    first.json(&inbound("carrier", 1, 0)).await;
    // After the two that were sent over HTTP.
    service.wait_for("callstore_chunks_total{track=\"inbound\"}", 3.0).await;
    let mut second = Socket::open(&url).await;
    second.json(&start("carrier")).await;
    assert_eq!(first.closed().await.0, 1008);
    service.wait_for("callstore_stream_sockets{protocol=\"twilio\"}", 1.0).await;
    second.binary(vec![0xFF; 160]).await;
    second.json(&json!({ "event": "weather" })).await;
    second.json(&stop("carrier")).await;
    assert_eq!(second.closed().await.0, 1000);
    let recordings = eventually("the recording is published", || async {
        let call = service.get("/calls/carrier?include=recordings").await;
        (call["status"] == "completed").then(|| call["recordings"].clone())
    })
    .await;
    recordings[0]["sizeBytes"].as_f64().unwrap()
}

#[tokio::test]
async fn a_scrape_tells_what_was_done() {
    let service = Service::start().await;
    let chunks = "/calls/http/chunks";
    service.start_call("http").await;
    service.post(chunks, chunk("inbound", 0, 0), 201).await;
    service.post(chunks, chunk("inbound", 0, 0), 200).await;
    service.post(chunks, chunk("inbound", 1, 100), 201).await;
    service.post(chunks, chunk("outbound", 0, 40), 201).await;
    let conflict = json!({ "audio": silence(80), "sequence": 1, "timestamp": 100 });
    service.post(chunks, conflict, 409).await;
    service.post("/calls/nobody/chunks", chunk("inbound", 0, 0), 404).await;
    let mut bytes = service.end("http").await + stream_of_a_carrier(&service).await;

    service.start_call("own").await;
    let mut socket = Socket::open(&service.binary.url("/calls/own/stream")).await;
    socket.json(&chunk("inbound", 0, 0)).await;
    assert_eq!(socket.receive().await["ack"]["sequence"], 0);
    service.wait_for("callstore_stream_sockets{protocol=\"callstore\"}", 1.0).await;
    socket.text("{").await;
    assert_eq!(socket.receive().await["error"]["code"], "malformed_json");
    bytes += service.end("own").await;
    socket.closed().await;

    for name in ["empty", "deleted", "live"] {
        service.start_call(name).await;
    }
    assert_eq!(service.end("empty").await, 0.0);
    service.send(Method::DELETE, "/calls/deleted", json!({}), 204).await;
    service.wait_for("callstore_stream_sockets{protocol=\"callstore\"}", 0.0).await;
    service.wait_for("callstore_finalize_seconds_count", 4.0).await;

    // Leftovers of ended and deleted calls are removed in the background.
    let scraped = eventually("nothing waits to be written", || async {
        let scraped = service.scrape().await;
        (scraped.value("callstore_write_queue_bytes") == 0.0).then_some(scraped)
    })
    .await;
    for (series, value) in [
        ("build_info{version=\"0.1.0\"}", 1.0),
        ("http_requests_total{method=\"POST\",route=\"/calls\",status=\"201\"}", 5.0),
        ("http_requests_total{method=\"GET\",route=\"/twilio/stream\",status=\"101\"}", 2.0),
        ("http_requests_total{method=\"POST\",route=\"/calls/{call}/chunks\",status=\"409\"}", 1.0),
        ("http_request_seconds_count{route=\"/calls\"}", 5.0),
        ("problems_total{route=\"/calls/{call}/chunks\",code=\"chunk_conflict\"}", 1.0),
        ("problems_total{route=\"/calls/{call}/chunks\",code=\"call_not_found\"}", 1.0),
        ("problems_total{route=\"/calls/{call}/stream\",code=\"malformed_json\"}", 1.0),
        ("chunks_total{track=\"inbound\"}", 4.0),
        ("chunks_total{track=\"outbound\"}", 1.0),
        ("chunk_bytes_total{track=\"inbound\"}", 640.0),
        ("chunk_bytes_total{track=\"outbound\"}", 160.0),
        ("chunk_duplicates_total{track=\"inbound\"}", 1.0),
        ("chunk_duplicates_total{track=\"outbound\"}", 0.0),
        ("commit_failures_total", 0.0),
        ("stream_sockets{protocol=\"twilio\"}", 0.0),
        ("stream_takeovers_total", 1.0),
        ("stream_skipped_total{reason=\"binary\"}", 1.0),
        ("stream_skipped_total{reason=\"bad_base64\"}", 0.0),
        ("stream_unknown_events_total", 1.0),
        ("active_calls", 1.0),
        ("calls_started_total", 6.0),
        ("calls_ended_total{reason=\"api\"}", 3.0),
        ("calls_ended_total{reason=\"stream_stop\"}", 1.0),
        ("calls_ended_total{reason=\"idle_timeout\"}", 0.0),
        ("calls_deleted_total", 1.0),
        ("finalizing_calls", 0.0),
        ("finalize_seconds_count", 4.0),
        ("recordings_total{outcome=\"completed\"}", 3.0),
        ("recordings_total{outcome=\"no_audio\"}", 1.0),
        ("recordings_total{outcome=\"failed\"}", 0.0),
        ("recording_bytes_total", bytes),
        ("track_seconds_count{track=\"inbound\"}", 3.0),
        ("track_seconds_sum{track=\"inbound\"}", 0.16),
        ("track_seconds_sum{track=\"outbound\"}", 0.06),
        ("gap_seconds_count{track=\"inbound\"}", 1.0),
        ("gap_seconds_sum{track=\"inbound\"}", 0.08),
        ("gap_seconds_sum{track=\"outbound\"}", 0.04),
        ("gap_seconds_bucket{track=\"outbound\",le=\"0.02\"}", 0.0),
        ("gap_seconds_bucket{track=\"outbound\",le=\"0.06\"}", 1.0),
        ("min_free_bytes", 268_435_456.0),
    ] {
        let found = scraped.value(&format!("callstore_{series}"));
        assert!((found - value).abs() < 1e-9, "{series} is {found}, not {value}");
    }
    let commits = scraped.value("callstore_commit_writes_count");
    assert!(scraped.value("callstore_commit_writes_sum") >= commits);
    for (series, least) in [
        ("callstore_commit_seconds_count", 10.0),
        ("callstore_commit_writes_count", 10.0),
        // If neither the database nor the recordings are on this machine, it is not a number.
        (if on_sqlite() || on_folder() { "callstore_free_bytes" } else { "callstore_min_free_bytes" }, 1.0),
        ("callstore_database_bytes", 4_096.0),
        ("process_resident_memory_bytes", 1e6),
        ("process_open_fds", 5.0),
        ("process_threads", 2.0),
        ("process_start_time_seconds", 1.7e9),
    ] {
        assert!(scraped.value(series) >= least, "{series} is {}", scraped.value(series));
    }
}

/// The first event must show as a step up from 0.
#[tokio::test]
async fn what_has_not_happened_yet_is_counted_as_0() {
    let fresh = Service::start().await.scrape().await;
    for series in [
        "callstore_commit_failures_total",
        "callstore_calls_ended_total{reason=\"stream_disconnect\"}",
        "callstore_recordings_total{outcome=\"failed\"}",
        "callstore_gap_seconds_count{track=\"outbound\"}",
        "callstore_stream_skipped_total{reason=\"conflict\"}",
    ] {
        assert_eq!(fresh.value(series), 0.0, "{series}");
    }
}

#[tokio::test]
async fn prometheus_understands_every_line() {
    let service = Service::start().await;
    service.start_call("MZ1").await;
    service.post("/calls/MZ1/chunks", chunk("inbound", 0, 0), 201).await;
    service.end("MZ1").await;
    let file = service.folder.path().join("metrics.txt");
    std::fs::write(&file, service.text().await).unwrap();
    let check = format!("'{}' check metrics < '{}'", promtool(), file.display());
    assert_eq!(run_program("bash", &["-c", &check]).await, "");
}

#[tokio::test]
async fn metrics_are_there_when_the_database_is_not() {
    let service = Service::start().await;
    execute(&service.folder.path().join("data/callstore.db"), "ALTER TABLE call RENAME TO elsewhere").await;
    service.post("/calls", json!({ "streamSid": "MZ1", "caller": "a" }), 500).await;
    let scraped = service.scrape().await;
    assert!(scraped.value("callstore_active_calls").is_nan());
    assert_eq!(scraped.value("callstore_problems_total{route=\"/calls\",code=\"internal_error\"}"), 1.0);
    // A write beside others fails alone, as each does on a database server; a lone one fails with its commit.
    if on_sqlite() {
        eventually("a commit fails", || async {
            service.post("/calls", json!({ "streamSid": "MZ1", "caller": "a" }), 500).await;
            let failures = service.scrape().await.value("callstore_commit_failures_total");
            (failures >= 1.0).then_some(())
        })
        .await;
    }
}
