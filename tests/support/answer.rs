//! A server's response, read whole.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::PATIENCE;

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// Reads a response: all of it, or, if it never ends, what came first.
    pub(crate) async fn read(mut response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if headers.get("content-type").is_some_and(|kind| kind == "text/event-stream") {
            let first = response.chunk().await.unwrap().unwrap_or_default();
            return Self { status, headers, bytes: first.to_vec() };
        }
        Self { status, headers, bytes: response.bytes().await.unwrap().to_vec() }
    }

    /// Sends raw bytes and reads until the server closes the connection. The server may close before it has read
    /// everything, so an error after the response is ignored.
    pub(crate) async fn of_bytes(address: &str, request: &[u8]) -> Self {
        let socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let (mut reading, mut writing) = socket.into_split();
        let mut answer = Vec::new();
        let read = async { while reading.read_buf(&mut answer).await.is_ok_and(|bytes| bytes > 0) {} };
        let both = async { tokio::join!(writing.write_all(request), read) };
        let _ = tokio::time::timeout(PATIENCE, both).await.expect("an answer in time");
        Self::parse(&answer)
    }

    /// Parses a response as read from a closed socket.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer with headers");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
        };
        Self { status, headers: lines.map(header).collect(), bytes: bytes[end + 4..].to_vec() }
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The value of a header, or an empty string.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The response, which must have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The response, which must be a complete problem with this status and code.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("/problems/{}", code.replace('_', "-")));
        assert_eq!(problem["requestId"], answer.header("x-request-id"));
        assert!(problem["title"].is_string() && problem["detail"].is_string() && problem["errors"].is_array());
        answer.leaks_nothing();
        answer
    }

    /// The pointers of the problem's errors.
    #[track_caller]
    pub(crate) fn pointers(&self) -> Vec<String> {
        let problem = self.json();
        let errors = problem["errors"].as_array().unwrap().iter();
        errors.map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    /// Fails if the body reveals internals: the database, the code, the machine.
    #[track_caller]
    fn leaks_nothing(&self) {
        let text = self.text();
        let inside =
            ["sqlx", "sqlite", "sql", "sea_orm", "dberr", "select ", "unique constraint", "panicked", "unwrap"];
        let machine = [".rs:", "/tmp/", "src/", ".db", "os error", "backtrace"];
        for word in inside.into_iter().chain(machine) {
            assert!(!text.to_lowercase().contains(word), "the answer says {word}: {text}");
        }
    }
}
