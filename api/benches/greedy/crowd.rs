//! Slow clients. Each sends or reads slowly in its own way until the service disconnects it.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant as Beat, interval_at},
};

/// How often a slow client sends its next bytes.
const BEAT: Duration = Duration::from_millis(250);

/// How the service disconnected a client.
pub(crate) struct Cut {
    /// The time since the client began to be slow.
    pub after: Duration,
    /// The response that the client got.
    pub answer: Vec<u8>,
}

/// A kind of slow client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slow {
    /// Opens a connection and sends nothing.
    Silent,
    /// Sends the head of a request byte by byte.
    Head,
    /// Sends the second head of a connection byte by byte.
    SecondHead,
    /// Sends a body byte by byte.
    Body,
    /// Sends a chunked body byte by byte, without a `Content-Length`.
    ChunkedBody,
}

const HEAD: &str = "GET /livez HTTP/1.1\r\nhost: localhost\r\n";
const BODY: &str = "POST /calls HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";

impl Slow {
    /// The bytes that it sends at once, and those that it repeats.
    fn words(self) -> (String, &'static str) {
        match self {
            Self::Silent => (String::new(), ""),
            Self::Head | Self::SecondHead => (format!("{HEAD}x-slow: "), "a"),
            Self::Body => (format!("{BODY}content-length: 100000\r\n\r\n"), " "),
            Self::ChunkedBody => (format!("{BODY}transfer-encoding: chunked\r\n\r\n"), "1\r\n \r\n"),
        }
    }

    /// Runs until the service disconnects the client. It sends on a beat that is shifted by `phase`, from 0 to 1, since
    /// independent clients do not send in step.
    pub(crate) async fn run(self, address: &str, phase: f64) -> Cut {
        let mut socket = TcpStream::connect(address).await.unwrap();
        if self == Self::SecondHead {
            socket.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
            let mut first = [0; 4096];
            assert!(socket.read(&mut first).await.unwrap() > 0);
        }
        let begun = Instant::now();
        let (first, word) = self.words();
        socket.write_all(first.as_bytes()).await.unwrap();
        let mut beat = interval_at(Beat::now() + BEAT.mul_f64(phase), BEAT);
        let mut answer = Vec::new();
        loop {
            tokio::select! {
                read = socket.read_buf(&mut answer) => if !read.is_ok_and(|bytes| bytes > 0) {
                    return Cut { after: begun.elapsed(), answer };
                },
                // Keeps sending, even after the response.
                _ = beat.tick() => drop(socket.write_all(word.as_bytes()).await),
            }
        }
    }
}

/// A client that requests much and reads nothing, until it is dropped.
pub(crate) struct Reader(#[expect(dead_code, reason = "an open connection is all that it is")] TcpStream);

impl Reader {
    /// Requests a path so often that no buffer can hold all responses.
    pub(crate) async fn ask(address: &str, path: &str, times: usize) -> Self {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").repeat(times);
        socket.write_all(request.as_bytes()).await.unwrap();
        Self(socket)
    }
}
