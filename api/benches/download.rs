//! Measures what checking a recording costs its download: of the whole file, and of ranges of 64 KiB, over HTTP on one
//! connection. Two equal recordings take turns, of which one has no hashes of its blocks and is not checked.
//!
//! `cargo bench -p api --bench download [-- MINUTES]`
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should say where")]

#[path = "support/serve.rs"]
mod serve;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use serve::{client, serve};

/// Downloads per figure.
const WHOLE: u32 = 40;
const RANGES: u32 = 2_000;
const RANGE: u64 = 64 * 1024;

#[tokio::main]
async fn main() {
    let minutes: u32 = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10);
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("callstore.db").display());
    let address = serve(&database, &folder.path().join("recordings"));
    let (checked, size) = record(address, "checked", minutes).await;
    let (unchecked, _) = record(address, "unchecked", minutes).await;
    let connection = sea_orm::Database::connect(&database).await.unwrap();
    let id = unchecked.split('/').nth(2).unwrap().replace('-', "");
    let forget = format!("DELETE FROM recording_check WHERE recording_id = x'{id}'");
    assert_eq!(connection.execute_unprepared(&forget).await.unwrap().rows_affected(), 1);

    let mut client = Client::new(address);
    println!("{:<24} {:>12} {:>12} {:>8}", format!("{} MB", size / 1_000_000), "checked ms", "unchecked ms", "ratio");
    // The whole lacks its last byte, since a file without hashes of its blocks is checked when its end is reached.
    for (name, times, length) in [("whole", WHOLE, size - 1), ("range of 64 KiB", RANGES, RANGE)] {
        let part = |number: u32| (u64::from(number) * 7_919_000 % (size - length), length);
        let mut taken = [Vec::new(), Vec::new()];
        for number in 0..times {
            for (path, taken) in [&checked, &unchecked].into_iter().zip(&mut taken) {
                taken.push(client.download(path, part(number)));
            }
        }
        let [checked, unchecked] = taken.map(|mut taken| {
            taken.sort_unstable();
            taken[taken.len() / 2].as_secs_f64() * 1000.0
        });
        println!("{name:<24} {checked:>12.3} {unchecked:>12.3} {:>8.2}", checked / unchecked);
    }
    std::process::exit(0);
}

/// A connection that reads into one buffer, so that the client costs little.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).unwrap(), buffer: vec![0; 1 << 20] }
    }

    fn download(&mut self, path: &str, (start, length): (u64, u64)) -> Duration {
        let end = start + length - 1;
        let begun = Instant::now();
        let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nrange: bytes={start}-{end}\r\n\r\n");
        self.stream.write_all(head.as_bytes()).unwrap();
        let (mut received, mut body) = (0, None);
        loop {
            let count = self.stream.read(&mut self.buffer[received..]).unwrap();
            assert!(count > 0, "the connection was cut");
            if let Some(body) = &mut body {
                *body += u64::try_from(count).unwrap();
            } else {
                received += count;
                let head = self.buffer[..received].windows(4).position(|bytes| bytes == b"\r\n\r\n");
                let Some(head) = head else { continue };
                assert!(self.buffer.starts_with(b"HTTP/1.1 206"), "{}", String::from_utf8_lossy(&self.buffer[..head]));
                body = Some(u64::try_from(received - head - 4).unwrap());
                received = 0;
            }
            if body == Some(length) {
                return begun.elapsed();
            }
        }
    }
}

/// Makes a recording of this many minutes; returns the path of its audio, and its size.
async fn record(address: SocketAddr, name: &str, minutes: u32) -> (String, u64) {
    let (client, base) = (client(), format!("http://{address}/calls"));
    let post = async |url: String, body: Value| -> Value {
        let answer = client.post(url).header("prefer", "wait=30").json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.json().await.unwrap()
    };
    post(base.clone(), json!({ "streamSid": name })).await;
    for timestamp in [0, minutes * 60_000] {
        let chunk = json!({ "audio": service::audio::encode_base64(&[0x55; 160]), "timestamp": timestamp });
        post(format!("{base}/{name}/chunks"), chunk).await;
    }
    let ended = post(format!("{base}/{name}/end"), json!({})).await;
    let recording = &ended["recordings"][0];
    (format!("/recordings/{}/audio", recording["id"].as_str().unwrap()), recording["sizeBytes"].as_u64().unwrap())
}
