//! An endpoint that takes webhooks, in this process. What it answers is a function of what it is sent.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::eventually;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub head: String,
    pub body: String,
}

impl Received {
    /// A header's value; empty without one.
    pub(crate) fn header(&self, name: &str) -> String {
        let of = |line: &str| {
            let (given, value) = line.split_once(':')?;
            given.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        self.head.lines().find_map(of).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The type of the event.
    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// The call of the event.
    pub(crate) fn call(&self) -> String {
        self.json()["data"]["callId"].as_str().unwrap_or_default().to_owned()
    }
}

/// What the endpoint does with a request.
pub(crate) enum Reply {
    /// A whole response, head and body.
    Raw(String),
    /// A body without an end.
    Endless,
    /// Nothing, for as long as the peer waits.
    Silence,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self::with(status, "", "")
    }

    pub(crate) fn with(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Raw(format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
        ))
    }
}

/// The endpoint. It listens until it is dropped.
pub(crate) struct Receiver {
    pub port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// One that accepts everything.
    pub(crate) async fn accepting() -> Self {
        Self::start(|_, _| Reply::status(204)).await
    }

    /// `answer` gets the number of earlier requests, and the request.
    pub(crate) async fn start(answer: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (received, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let all = received.clone();
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (all, answer) = (all.clone(), answer.clone());
                tokio::spawn(async move {
                    let _ = take(socket, &all, &*answer).await;
                });
            }
        });
        Self { port, received, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// What came, in order.
    pub(crate) fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until so many requests came, and returns them.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Received> {
        let what = format!("{count} requests");
        eventually(&what, || async { Some(self.all()).filter(|all| all.len() >= count) }).await
    }
}

async fn take(
    mut socket: TcpStream,
    all: &Mutex<Vec<Received>>,
    answer: &(impl Fn(usize, &Received) -> Reply + ?Sized),
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if socket.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut request = Received { head, body: String::new() };
    let length: usize = request.header("content-length").parse().unwrap();
    while bytes.len() < end + 4 + length {
        if socket.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    }
    request.body = String::from_utf8(bytes[end + 4..].to_vec()).unwrap();
    let reply = {
        let mut all = all.lock().unwrap();
        let reply = answer(all.len(), &request);
        all.push(request);
        reply
    };
    match reply {
        Reply::Raw(text) => socket.write_all(text.as_bytes()).await?,
        Reply::Silence => while socket.read_buf(&mut bytes).await? > 0 {},
        Reply::Endless => {
            socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n").await?;
            while socket.write_all(&[b'a'; 4096]).await.is_ok() {}
        }
    }
    socket.shutdown().await
}
