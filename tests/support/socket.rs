//! The client end of a WebSocket.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

use super::PATIENCE;

/// An open socket. Dropping it cuts the connection without a close frame.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects to a URL of a server.
    pub(crate) async fn open(url: &str) -> Self {
        Self::try_open(url).await.unwrap_or_else(|(status, body)| panic!("{url} was answered {status}: {body}"))
    }

    /// Connects, or returns the status and the problem of the response.
    pub(crate) async fn try_open(url: &str) -> Result<Self, (u16, Value)> {
        Self::try_open_with(url, &[]).await
    }

    /// The same, optionally with a key.
    pub(crate) async fn try_open_as(url: &str, key: Option<&str>) -> Result<Self, (u16, Value)> {
        let key = key.map(|key| format!("Bearer {key}"));
        let headers: Vec<_> = key.iter().map(|key| ("authorization", key.as_str())).collect();
        Self::try_open_with(url, &headers).await
    }

    /// The same with custom headers.
    pub(crate) async fn try_open_with(url: &str, headers: &[(&'static str, &str)]) -> Result<Self, (u16, Value)> {
        let mut request = url.replacen("http", "ws", 1).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => {
                let body = response.body().as_deref().unwrap_or_default();
                Err((response.status().as_u16(), serde_json::from_slice(body).unwrap_or_default()))
            }
            Err(error) => panic!("{url}: {error}"),
        }
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: Message) {
        tokio::time::timeout(PATIENCE, self.0.send(message)).await.expect("the server takes it").unwrap();
    }

    /// Sends a message; returns false if the connection is gone.
    pub(crate) async fn try_send(&mut self, message: Message) -> bool {
        tokio::time::timeout(PATIENCE, self.0.send(message)).await.expect("the server takes it").is_ok()
    }

    /// Sends a text.
    pub(crate) async fn text(&mut self, text: impl Into<String>) {
        self.send(Message::text(text.into())).await;
    }

    /// Sends JSON.
    pub(crate) async fn json(&mut self, value: &Value) {
        self.text(value.to_string()).await;
    }

    /// Sends JSON messages that arrive together.
    pub(crate) async fn burst(&mut self, values: &[Value]) {
        for value in values {
            self.0.feed(Message::text(value.to_string())).await.unwrap();
        }
        tokio::time::timeout(PATIENCE, self.0.flush()).await.expect("the server takes it").unwrap();
    }

    /// Sends bytes.
    pub(crate) async fn binary(&mut self, bytes: impl Into<Vec<u8>>) {
        self.send(Message::binary(bytes.into())).await;
    }

    /// The raw connection, for bytes that no client should send.
    pub(crate) fn wire(&mut self) -> &mut TcpStream {
        let MaybeTlsStream::Plain(stream) = self.0.get_mut() else { panic!("not a plain TCP connection") };
        stream
    }

    /// The next text, as JSON.
    #[track_caller]
    pub(crate) fn receive(&mut self) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            loop {
                match self.next().await {
                    Some(Message::Text(text)) => return serde_json::from_str(&text).unwrap(),
                    Some(Message::Ping(_) | Message::Pong(_)) => {}
                    other => panic!("{caller}: {other:?} instead of a text"),
                }
            }
        }
    }

    /// The next text as JSON, or the code with which the server closes (1006: none).
    pub(crate) async fn next_or_close(&mut self) -> Result<Value, u16> {
        loop {
            match self.next().await {
                Some(Message::Text(text)) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Message::Close(frame)) => return Err(frame.map_or(1005, |frame| frame.code.into())),
                Some(_) => {}
                None => return Err(1006),
            }
        }
    }

    /// The code and the reason with which the server closes; messages before that are skipped.
    pub(crate) async fn closed(mut self) -> (u16, String) {
        loop {
            match self.next().await {
                Some(Message::Close(Some(frame))) => return (frame.code.into(), frame.reason.to_string()),
                Some(Message::Close(None)) => return (1005, String::new()),
                Some(_) => {}
                None => return (1006, String::new()),
            }
        }
    }

    /// Closes and waits until the server has closed, too.
    pub(crate) async fn close(mut self) {
        let _ = self.0.close(None).await;
        while self.next().await.is_some() {}
    }

    async fn next(&mut self) -> Option<Message> {
        tokio::time::timeout(PATIENCE, self.0.next()).await.expect("something comes").and_then(Result::ok)
    }
}
