//! Shared by all tests: a server on a free port, a clock under their control, and short request helpers.

mod answer;
mod balancer;
mod binary;
mod browser;
mod database;
mod leftovers;
mod log;
mod objects;
mod orphans;
mod requests;
mod server;
mod socket;
mod store;
mod tools;

pub(crate) use answer::Answer;
pub(crate) use balancer::Balancer;
pub(crate) use binary::Binary;
pub(crate) use browser::{Browser, HOST};
pub(crate) use database::{connect, database_url, execute, hex, lock_writes, on_sqlite, query_strings, set_reachable};
pub(crate) use leftovers::Leftover;
pub(crate) use log::{CALLER, TWILIO_TOKEN};
pub(crate) use objects::{Fate, Objects};
pub(crate) use server::{ADMIN_KEY, Server, TestClock};
pub(crate) use socket::Socket;
pub(crate) use store::{on_folder, url as object_url};
pub(crate) use tools::{frames, run as run_program};

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};

/// Builds a client that uses no proxy.
pub(crate) fn client_builder() -> reqwest::ClientBuilder {
    // The HTTP client brings no TLS implementation, and wants one even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}

/// A base64 chunk of `bytes` mu-law silence.
pub(crate) fn silence(bytes: usize) -> String {
    service::audio::encode_base64(&vec![0xFF; bytes])
}

/// A chunk with its position.
pub(crate) fn chunk(track: &str, sequence: u32, timestamp: u32) -> Value {
    json!({ "audio": silence(160), "track": track, "sequence": sequence, "timestamp": timestamp })
}

/// The smallest call.
pub(crate) fn call(stream_sid: &str) -> Value {
    json!({ "streamSid": stream_sid, "caller": CALLER })
}

/// How long a test waits for a condition. It is met at once, unless a busy disk delays a sync for many seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Polls until there is a value; fails with `what` if that takes too long.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let asking = async {
        let mut beat = tokio::time::interval(Duration::from_millis(10));
        loop {
            beat.tick().await;
            if let Some(found) = ask().await {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("it never came true: {what}"))
}

/// A parameter from the environment, such as the length of a long run.
pub(crate) fn told(variable: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "it is a setting of the tests, not of the service")]
    std::env::var(variable).ok()
}

/// A number from the environment.
pub(crate) fn number(variable: &str) -> Option<u32> {
    told(variable).map(|told| told.parse().unwrap_or_else(|_| panic!("{variable} must be a number")))
}

/// Writes a file that only this user may read, as a key's has to be.
pub(crate) fn write_secret(path: impl AsRef<Path>, secret: impl AsRef<[u8]>) {
    fs::write(&path, secret).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Number of files below a folder, without the peaks beside recordings.
pub(crate) fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let count = |path: PathBuf| {
        if path.is_dir() { files(&path) } else { usize::from(path.extension() != Some("peaks".as_ref())) }
    };
    entries.map(count).sum()
}
