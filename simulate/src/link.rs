//! A WebSocket connection to the service.

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
use reqwest::header::{AUTHORIZATION, HeaderValue};
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
use url::Url;

use crate::{answer, error::CallFailure};

/// The read buffer of each connection. Small, since each call has one and acknowledgements are short.
const READ_BYTES: usize = 1024;
/// The size at which buffered messages are written without a flush.
const WRITE_BYTES: usize = 16 * 1024;

/// How long to read after a write failed, in case the service sent a close frame.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long the service may take to notice a disconnect and store the frames that it received.
const NOTICED: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The address of the service's WebSockets.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    host: String,
    port: u16,
    base: String,
    authorization: Option<HeaderValue>,
}

/// A WebSocket. `None` before it is opened and after it was dropped.
pub(crate) struct Link(Option<Open>);

struct Open {
    socket: Socket,
    /// Set by the socket's waker. The socket is polled only after it was woken: polling it on every send would cost
    /// more than the send.
    arrival: Arc<Arrival>,
}

/// Whether the socket may have data, and the task that waits for it. Lives as long as its socket.
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
pub(crate) enum Lost {
    /// The service sent a close frame.
    Closed {
        /// The close code; 1005 if there was none.
        code: u16,
        /// The service's reason.
        reason: String,
    },
    /// The connection broke, for this reason.
    Broken(String),
}

impl Endpoint {
    /// The WebSockets of the service at `url`. Handshakes carry `authorization`.
    #[must_use]
    pub(crate) fn new(url: &Url, authorization: Option<HeaderValue>) -> Self {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        // `http` becomes `ws`, `https` becomes `wss`.
        let base = format!("ws{}", url.as_str().trim_start_matches("http").trim_end_matches('/'));
        Self { host, port, base, authorization }
    }
}

impl Link {
    /// A link that is not open.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Connects and performs the WebSocket handshake.
    pub(crate) async fn open(endpoint: &Endpoint, path: &str) -> Result<Self, CallFailure> {
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

    /// Receives the next text message, and answers pings meanwhile. Cancel safe: no message is lost if the future is
    /// dropped.
    pub(crate) async fn receive(&mut self) -> Result<Bytes, Lost> {
        let open = self.open_mut()?;
        poll_fn(|context| open.poll_receive(context)).await
    }

    /// Sends and flushes all messages of the outbox. Passes messages that arrive meanwhile to `taken`: a service whose
    /// writes are blocked may stop reading.
    pub(crate) async fn send(&mut self, outbox: &mut Vec<Message>, mut taken: impl FnMut(&Bytes)) -> Result<(), Lost> {
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
        // A close frame that the service sent before it hung up explains the failure better than the write error.
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
    pub(crate) async fn close(mut self) {
        if let Ok(open) = self.open_mut() {
            // The socket may be closed already.
            let _ = open.socket.close(None).await;
        }
    }

    /// Drops the connection without a close frame, as a network failure does.
    pub(crate) fn drop_without_close(&mut self) {
        self.0 = None;
    }

    /// Half-closes the connection without a close frame, so that it cannot be used again. The returned future waits for
    /// the service's close frame. It is true if the code shows that the service has stored all frames it received.
    pub(crate) fn fall_silent(&mut self) -> impl Future<Output = bool> + use<> {
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
        // 1008 means that the stream's next connection took over first.
        async { matches!(time::timeout(NOTICED, noticed).await, Ok(Some(1000 | 1008))) }
    }

    fn open_mut(&mut self) -> Result<&mut Open, Lost> {
        self.0.as_mut().ok_or_else(|| Lost::Broken("the connection was dropped".to_owned()))
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
            // More messages may be buffered, and the waker does not fire for those.
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
                None => Err(Lost::Broken("the connection ended without a close frame".to_owned())),
            });
        }
        Poll::Pending
    }
}

fn lost(error: Error) -> Lost {
    Lost::Broken(error.to_string())
}

/// Takes the buffer's content as a message. The buffer's memory is reused once the message has been sent.
pub(crate) fn message(buffer: &mut BytesMut, binary: bool) -> Message {
    let data = if binary { Data::Binary } else { Data::Text };
    Message::Frame(Frame::message(buffer.split().freeze(), OpCode::Data(data), true))
}
