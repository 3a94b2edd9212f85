//! A WebSocket to the service.

use std::{
    future::poll_fn,
    iter::Peekable,
    sync::{
        Arc,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    task::{Context, Poll, Wake, Waker, ready},
    time::Duration,
    vec::Drain,
};

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt, task::AtomicWaker};
use reqwest::{
    Url,
    header::{AUTHORIZATION, HeaderValue},
};
use tokio::{io::AsyncWriteExt, net::TcpStream, time};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
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
const READ_BYTES: usize = 1024;
/// How much is gathered before it is written even without being asked to.
const WRITE_BYTES: usize = 16 * 1024;

/// How long it is listened to a service that takes nothing more.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long a service may take to notice that a connection has broken, and to store what came over it.
const NOTICED: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where WebSockets lead.
#[derive(Clone, Debug)]
pub struct Endpoint {
    host: String,
    port: u16,
    base: String,
    authorization: Option<HeaderValue>,
}

/// A WebSocket, open until it is dropped.
pub struct Link(Option<Open>);

struct Open {
    socket: Socket,
    /// The socket is read only when there is something to read: asking it each time that something is sent would cost more
    /// than sending.
    arrival: Arc<Arrival>,
}

/// Whether something may have arrived, and who waits for it.
#[derive(Default)]
struct Arrival {
    noticed: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Arrival {
    fn wake(self: Arc<Self>) {
        self.noticed.store(true, Release);
        self.task.wake();
    }
}

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
    /// The WebSockets of the service at `url`, with the `Authorization` that it asks for, if any.
    #[must_use]
    pub fn new(url: &Url, authorization: Option<HeaderValue>) -> Self {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        // `http` becomes `ws`, `https` becomes `wss`.
        let base = format!("ws{}", url.as_str().trim_start_matches("http").trim_end_matches('/'));
        Self { host, port, base, authorization }
    }
}

impl Link {
    /// One that is not open yet.
    pub fn none() -> Self {
        Self(None)
    }

    /// Opens a WebSocket.
    pub async fn open(endpoint: &Endpoint, path: &str) -> Result<Self, CallFailure> {
        let broken = |reason: String| CallFailure::Broken { path: path.to_owned(), reason };
        let connected = TcpStream::connect((&*endpoint.host, endpoint.port)).await;
        let tcp = connected.map_err(|error| broken(error.to_string()))?;
        tcp.set_nodelay(true).map_err(|error| broken(error.to_string()))?;
        let config = WebSocketConfig::default().read_buffer_size(READ_BYTES).write_buffer_size(WRITE_BYTES);
        let request = format!("{}{path}", endpoint.base).into_client_request();
        let mut request = request.map_err(|error| broken(error.to_string()))?;
        request.headers_mut().extend(endpoint.authorization.iter().map(|key| (AUTHORIZATION, key.clone())));
        match client_async_tls_with_config(request, tcp, Some(config), None).await {
            Ok((socket, _)) => {
                let arrival = Arc::new(Arrival { noticed: AtomicBool::new(true), ..Arrival::default() });
                Ok(Self(Some(Open { socket, arrival })))
            }
            Err(Error::Http(response)) => {
                let detail = answer::detail(response.body().as_deref().unwrap_or_default());
                Err(CallFailure::Handshake { path: path.to_owned(), status: response.status().as_u16(), detail })
            }
            Err(error) => Err(broken(error.to_string())),
        }
    }

    /// The next text; pings are answered meanwhile. Nothing is lost when this is dropped and called again.
    pub async fn receive(&mut self) -> Result<Bytes, Lost> {
        let open = self.open_mut()?;
        poll_fn(|context| open.poll_receive(context)).await
    }

    /// Sends messages in one piece, and takes what comes meanwhile: a service that waits for us to read would not read.
    pub async fn send(&mut self, outbox: &mut Vec<Message>, mut taken: impl FnMut(&Bytes)) -> Result<(), Lost> {
        let open = self.open_mut()?;
        let mut messages = outbox.drain(..).peekable();
        let sending = poll_fn(|context| {
            loop {
                if let Poll::Ready(sent) = open.poll_send(&mut messages, context) {
                    return Poll::Ready(sent.map_err(lost));
                }
                match ready!(open.poll_receive(context)) {
                    Ok(text) => taken(&text),
                    Err(lost) => return Poll::Ready(Err(lost)),
                }
            }
        });
        let failed = match sending.await {
            Err(failed @ Lost::Broken(_)) => failed,
            sent => return sent,
        };
        // What the service said before it hung up tells more.
        open.arrival.noticed.store(true, Release);
        let last_words = async {
            loop {
                match poll_fn(|context| open.poll_receive(context)).await {
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
        if let Ok(open) = self.open_mut() {
            // One that is gone need not be closed.
            let _ = open.socket.close(None).await;
        }
    }

    /// Drops the connection as a network does.
    pub fn drop_without_close(&mut self) {
        self.0 = None;
    }

    /// Falls silent as a network does, for good. Returned is what waits for the service to notice, and tells whether it has
    /// taken all that was sent: it says so by closing the socket.
    pub fn fall_silent(&mut self) -> impl Future<Output = bool> + use<> {
        let open = self.0.take();
        let noticed = async {
            let mut socket = open?.socket;
            socket.get_mut().shutdown().await.ok()?;
            loop {
                if let Message::Close(frame) = socket.next().await?.ok()? {
                    return frame.map(|frame| u16::from(frame.code));
                }
            }
        };
        // Another connection of the stream may have taken over before.
        async { matches!(time::timeout(NOTICED, noticed).await, Ok(Some(1000 | 1008))) }
    }

    fn open_mut(&mut self) -> Result<&mut Open, Lost> {
        self.0.as_mut().ok_or_else(|| Lost::Broken("it was dropped".to_owned()))
    }
}

impl Open {
    fn poll_send(
        &mut self,
        messages: &mut Peekable<Drain<'_, Message>>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        while messages.peek().is_some() {
            ready!(self.socket.poll_ready_unpin(context))?;
            if let Some(message) = messages.next() {
                self.socket.start_send_unpin(message)?;
            }
        }
        self.socket.poll_flush_unpin(context)
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, Lost>> {
        self.arrival.task.register(context.waker());
        while self.arrival.noticed.swap(false, Acquire) {
            let waker = Waker::from(Arc::clone(&self.arrival));
            let Poll::Ready(message) = self.socket.poll_next_unpin(&mut Context::from_waker(&waker)) else { continue };
            // There may be more.
            self.arrival.noticed.store(true, Release);
            return Poll::Ready(match message {
                Some(Ok(Message::Text(text))) => Ok(text.into()),
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) =
                        frame.map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                    Err(Lost::Closed { code, reason })
                }
                Some(Ok(_)) => continue,
                Some(Err(error)) => Err(lost(error)),
                None => Err(Lost::Broken("it ended".to_owned())),
            });
        }
        Poll::Pending
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
