//! Clients that take their time: each is slow in its own way until it is cut.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant as Beat, interval_at},
};

/// How often a slow client says a word.
const BEAT: Duration = Duration::from_millis(250);

/// How a client was cut.
pub struct Cut {
    /// When, after it began to be slow.
    pub after: Duration,
    /// What it was told.
    pub answer: Vec<u8>,
}

/// What a slow client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slow {
    /// It opens a connection and says nothing.
    Silent,
    /// Its head comes byte by byte.
    Head,
    /// The same with the second head of a connection.
    SecondHead,
    /// Its body comes byte by byte.
    Body,
    /// The same with a body whose length is not announced.
    ChunkedBody,
}

const HEAD: &str = "GET /livez HTTP/1.1\r\nhost: localhost\r\n";
const BODY: &str = "POST /calls HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";

impl Slow {
    /// What it says at once, and what it says again and again.
    fn words(self) -> (String, &'static str) {
        match self {
            Self::Silent => (String::new(), ""),
            Self::Head | Self::SecondHead => (format!("{HEAD}x-slow: "), "a"),
            Self::Body => (format!("{BODY}content-length: 100000\r\n\r\n"), " "),
            Self::ChunkedBody => (format!("{BODY}transfer-encoding: chunked\r\n\r\n"), "1\r\n \r\n"),
        }
    }

    /// Is slow until it is cut. It says its words on a beat that starts at `phase`, a share of 1: clients who do not know of each
    /// other do not talk in time.
    pub async fn run(self, address: &str, phase: f64) -> Cut {
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
                // It goes on talking, also once it is answered.
                _ = beat.tick() => drop(socket.write_all(word.as_bytes()).await),
            }
        }
    }
}

/// A client that asks for much and reads nothing of it, for as long as it is kept.
pub struct Reader(#[expect(dead_code, reason = "an open connection is all that it is")] TcpStream);

impl Reader {
    /// Asks for a path so often that no buffer holds all of the answers.
    pub async fn ask(address: &str, path: &str, times: usize) -> Self {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").repeat(times);
        socket.write_all(request.as_bytes()).await.unwrap();
        Self(socket)
    }
}
