//! A cheap HTTP client: it writes requests as bytes, and reads only the status and length of responses.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use service::audio::encode_base64;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The kind of requests.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    /// Chunks of 20 ms of mu-law, one call per connection.
    Chunks,
    /// Transcripts of one sentence, one call per connection.
    Transcripts,
}

/// The results of a run.
pub(crate) struct Measured {
    pub answers: usize,
    pub elapsed: Duration,
    /// The latency of each request, in microseconds.
    pub latencies: Vec<u32>,
}

/// Sends requests on all connections for `length`, one at a time on each.
pub(crate) fn run(server: SocketAddr, load: Load, connections: usize, length: Duration) -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut sockets = Vec::new();
        for call in 0..connections {
            let mut connection = Connection::open(server).await;
            let body = format!(r#"{{"streamSid":"MZ{call}","caller":"bench"}}"#);
            connection.ask("/calls", &body).await;
            sockets.push((call, connection));
        }
        let begun = Instant::now();
        let tasks =
            sockets.into_iter().map(|(call, connection)| tokio::spawn(send(connection, load, call, begun + length)));
        let tasks: Vec<_> = tasks.collect();
        let mut latencies = Vec::new();
        for task in tasks {
            latencies.extend(task.await.unwrap());
        }
        Measured { answers: latencies.len(), elapsed: begun.elapsed(), latencies }
    })
}

async fn send(mut connection: Connection, load: Load, call: usize, until: Instant) -> Vec<u32> {
    let audio: Vec<u8> = (0..160).map(|index| (index * 7 + call) as u8).collect();
    let audio = encode_base64(&audio);
    let mut latencies = Vec::new();
    for number in 0_u32.. {
        let (path, body) = match load {
            Load::Chunks => (
                format!("/calls/MZ{call}/chunks"),
                format!(
                    r#"{{"audio":"{audio}","track":"inbound","sequence":{number},"timestamp":{}}}"#,
                    number % 2_000_000 * 20
                ),
            ),
            Load::Transcripts => (
                format!("/calls/MZ{call}/transcripts"),
                format!(
                    r#"{{"speaker":"caller","text":"I would like to move my appointment, number {number}.","confidence":0.93,"startTime":{number},"endTime":{number}.8}}"#
                ),
            ),
        };
        let begun = Instant::now();
        if begun >= until {
            break;
        }
        let status = connection.ask(&path, &body).await;
        assert_eq!(status, 201);
        latencies.push(u32::try_from(begun.elapsed().as_micros()).unwrap());
    }
    latencies
}

struct Connection {
    socket: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(server: SocketAddr) -> Self {
        let socket = TcpStream::connect(server).await.unwrap();
        socket.set_nodelay(true).unwrap();
        Self { socket, buffer: Vec::with_capacity(4096) }
    }

    /// Posts JSON and returns the status of the response.
    async fn ask(&mut self, path: &str, body: &str) -> u16 {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.socket.write_all(head.as_bytes()).await.unwrap();
        self.buffer.clear();
        loop {
            let read = self.socket.read_buf(&mut self.buffer).await.unwrap();
            assert!(read > 0, "the server closed the connection");
            let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.buffer[..end]).unwrap();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
            });
            if self.buffer.len() >= end + 4 + length.unwrap_or(0) {
                return head[9..12].parse().unwrap();
            }
        }
    }
}
