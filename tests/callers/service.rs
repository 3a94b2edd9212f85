//! The service as its clients see it: it may be gone at any moment, even in the middle of a response.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, Method};
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message},
};

use crate::support::{PATIENCE, client_builder};

/// The service is gone.
#[derive(Debug)]
pub(crate) struct Gone;

impl From<reqwest::Error> for Gone {
    fn from(_: reqwest::Error) -> Self {
        Self
    }
}

impl From<tungstenite::Error> for Gone {
    fn from(_: tungstenite::Error) -> Self {
        Self
    }
}

/// A service that is running, or was.
#[derive(Clone)]
pub(crate) struct Service {
    client: Client,
    url: String,
}

impl Service {
    pub(crate) fn new(url: String) -> Self {
        Self { client: client_builder().build().unwrap(), url }
    }

    /// A service of many nodes: each request opens a connection, which may reach any of them.
    pub(crate) fn of_nodes(url: String) -> Self {
        Self { client: client_builder().pool_max_idle_per_host(0).build().unwrap(), url }
    }

    /// Status and JSON of a response.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<(u16, Value), Gone> {
        let request = self.client.request(method, format!("{}{path}", self.url));
        let request = if body.is_null() { request } else { request.json(body) };
        let response = request.send().await?;
        Ok((response.status().as_u16(), response.json().await?))
    }

    /// A response, which must be successful.
    pub(crate) async fn expect(&self, method: Method, path: &str, body: &Value) -> Result<Value, Gone> {
        let (status, answer) = self.ask(method, path, body).await?;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        Ok(answer)
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, Gone> {
        self.expect(Method::GET, path, &Value::Null).await
    }

    pub(crate) async fn download(&self, path: &str) -> Result<Vec<u8>, Gone> {
        Ok(self.client.get(format!("{}{path}", self.url)).send().await?.error_for_status()?.bytes().await?.into())
    }

    /// Whether the service is ready. Waits until it is or is gone.
    pub(crate) async fn is_ready(&self) -> bool {
        let mut beat = tokio::time::interval(Duration::from_millis(5));
        loop {
            beat.tick().await;
            match self.ask(Method::GET, "/readyz", &Value::Null).await {
                Ok((200, _)) => return true,
                Ok(_) => {}
                Err(Gone) => return false,
            }
        }
    }

    /// Whether the service answers at all.
    pub(crate) async fn is_alive(&self) -> bool {
        self.ask(Method::GET, "/livez", &Value::Null).await.is_ok()
    }

    pub(crate) async fn connect(&self, path: &str) -> Result<Socket, Gone> {
        let (socket, _) = connect_async(format!("{}{path}", self.url.replacen("http", "ws", 1))).await?;
        Ok(Socket(socket))
    }
}

/// Opens a WebSocket.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Sends messages together.
    pub(crate) async fn send(&mut self, messages: impl IntoIterator<Item = Message>) -> Result<(), Gone> {
        for message in messages {
            self.0.feed(message).await?;
        }
        Ok(self.0.flush().await?)
    }

    /// The next text as JSON; `None` once the socket is closed.
    pub(crate) async fn receive(&mut self) -> Result<Option<Value>, Gone> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("an answer in time").ok_or(Gone)?? {
                Message::Text(text) => return Ok(Some(serde_json::from_str(&text).unwrap())),
                Message::Close(_) => return Ok(None),
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }
}
