//! A WebSocket to the service.

use std::{future::Future, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use reqwest::Url;
use tokio::{net::TcpStream, time};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{
        Error, Message,
        protocol::{
            WebSocketConfig,
            frame::{
                Frame,
                coding::{Data, OpCode},
            },
        },
    },
};

use super::super::{CallFailure, answer};

/// How much is read at a time; acknowledgements are short. There is one such buffer for each call.
const READ_BYTES: usize = 4 * 1024;
/// How much is gathered before it is written even without being asked to.
const WRITE_BYTES: usize = 16 * 1024;

/// How long it is listened to a service that takes nothing more.
const LAST_WORDS: Duration = Duration::from_millis(200);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where WebSockets lead.
#[derive(Clone, Debug)]
pub struct Endpoint {
    host: String,
    port: u16,
    base: String,
}

/// A WebSocket, open until it is dropped.
pub struct Link(Option<Halves>);

type Halves = (SplitSink<Socket, Message>, SplitStream<Socket>);

/// Why a WebSocket is no longer open.
#[derive(Debug)]
pub enum Lost {
    /// The service has closed it.
    Closed {
        /// The code.
        code: u16,
        /// What the service said.
        reason: String,
    },
    /// It broke.
    Broken(String),
}

impl Endpoint {
    /// The WebSockets of the service at `url`.
    #[must_use]
    pub fn new(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        // `http` becomes `ws`, `https` becomes `wss`.
        let base = format!("ws{}", url.as_str().trim_start_matches("http").trim_end_matches('/'));
        Self { host, port, base }
    }
}

impl Link {
    /// Opens a WebSocket.
    pub async fn open(endpoint: &Endpoint, path: &str) -> Result<Self, CallFailure> {
        let broken = |reason: String| CallFailure::Broken { path: path.to_owned(), reason };
        let connected = TcpStream::connect((&*endpoint.host, endpoint.port)).await;
        let tcp = connected.map_err(|error| broken(error.to_string()))?;
        tcp.set_nodelay(true).map_err(|error| broken(error.to_string()))?;
        let config = WebSocketConfig::default().read_buffer_size(READ_BYTES).write_buffer_size(WRITE_BYTES);
        let url = format!("{}{path}", endpoint.base);
        match client_async_tls_with_config(url, tcp, Some(config), None).await {
            Ok((socket, _)) => Ok(Self(Some(socket.split()))),
            Err(Error::Http(response)) => {
                let detail = answer::detail(response.body().as_deref().unwrap_or_default());
                Err(CallFailure::Handshake { path: path.to_owned(), status: response.status().as_u16(), detail })
            }
            Err(error) => Err(broken(error.to_string())),
        }
    }

    /// The next text; pings are answered meanwhile.
    pub async fn receive(&mut self) -> Result<Bytes, Lost> {
        receive(&mut self.halves()?.1).await
    }

    /// Sends messages in one piece, and takes what comes meanwhile: a service that waits for us to read would not read.
    pub async fn send(&mut self, outbox: &mut Vec<Message>, mut taken: impl FnMut(&Bytes)) -> Result<(), Lost> {
        let (sending, receiving) = self.halves()?;
        let sending = async {
            for message in outbox.drain(..) {
                sending.feed(message).await?;
            }
            sending.flush().await
        };
        let failed = {
            let mut sending = std::pin::pin!(sending);
            loop {
                tokio::select! {
                    biased;
                    sent = &mut sending => match sent {
                        Ok(()) => return Ok(()),
                        Err(error) => break lost(error),
                    },
                    text = receive(receiving) => taken(&text?),
                }
            }
        };
        // What the service said before it hung up tells more.
        let last_words = async {
            loop {
                match receive(receiving).await {
                    Ok(text) => taken(&text),
                    Err(lost) => return lost,
                }
            }
        };
        Err(match time::timeout(LAST_WORDS, last_words).await {
            Ok(closed @ Lost::Closed { .. }) => closed,
            Ok(Lost::Broken(_)) | Err(_) => failed,
        })
    }

    /// Closes the socket.
    pub async fn close(mut self) {
        if let Ok((sending, _)) = self.halves() {
            // One that is gone need not be closed.
            let _ = sending.close().await;
        }
    }

    /// Drops the connection as a network does.
    pub fn drop_without_close(&mut self) {
        self.0 = None;
    }

    fn halves(&mut self) -> Result<&mut Halves, Lost> {
        self.0.as_mut().ok_or_else(|| Lost::Broken("it was dropped".to_owned()))
    }
}

fn receive(receiving: &mut SplitStream<Socket>) -> impl Future<Output = Result<Bytes, Lost>> {
    async {
        loop {
            match receiving.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text.into()),
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) =
                        frame.map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                    return Err(Lost::Closed { code, reason });
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(lost(error)),
                None => return Err(Lost::Broken("it ended".to_owned())),
            }
        }
    }
}

fn lost(error: Error) -> Lost {
    Lost::Broken(error.to_string())
}

/// A message of what was written into the buffer, which is reused once the message is sent.
pub fn message(buffer: &mut BytesMut, binary: bool) -> Message {
    let data = if binary { Data::Binary } else { Data::Text };
    Message::Frame(Frame::message(buffer.split().freeze(), OpCode::Data(data), true))
}
