//! The service's stream protocol: a WebSocket on a call. Clients send chunks as JSON or binary messages, and
//! each chunk is acknowledged once it is on disk. The number of unacknowledged chunks is bounded, so a slow disk slows
//! the client.

pub(crate) mod frame;
mod reply;

use std::{future::pending, pin::Pin};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL},
    web::Data,
};
use service::{CallSocket, Callstore, Interruption};

use crate::{
    extract::{CallPath, NoQuery, Query},
    limits::{STREAM_MESSAGE_MAX_BYTES, STREAM_WAITING_MAX, STREAM_WAITING_MAX_BYTES},
    problem::Problem,
    request::{RequestId, request_id},
    socket::{
        CloseCode, End, Fault, OpenSocket, PeerGone, Received, Rest, Skipped, Socket, check_handshake, note_end, offers,
    },
};
use frame::Incoming;
use reply::{Reply, store};

/// The subprotocol that the service selects if it is offered. A browser that offers a call token as another one must
/// offer it, since it accepts no response without a selected subprotocol.
const PROTOCOL: &str = "callstore";

/// Handles `GET /calls/{call}/stream`. Not an OpenAPI operation, since OpenAPI cannot describe WebSockets.
pub(crate) async fn open_stream(
    callstore: Data<Callstore>,
    request: HttpRequest,
    call: CallPath,
    _: Query<NoQuery>,
) -> Result<HttpResponse, Problem> {
    check_handshake(&request)?;
    let call = callstore.streams.open_socket(&call.0).await?;
    let request_id = request_id(&request);
    let stream =
        StreamSocket { call, request_id, waiting: Vec::new(), pending: Load::default(), call_ended: false, seen: None };
    let mut response = Socket::accept(&request, STREAM_MESSAGE_MAX_BYTES, |socket| stream.run(socket));
    if offers(&request, PROTOCOL) {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    }
    Ok(response)
}

/// One WebSocket of the stream protocol, from its handshake to its close.
struct StreamSocket {
    call: CallSocket,
    request_id: RequestId,
    /// Messages received since the current commit began. The next commit takes all of them.
    waiting: Vec<Incoming>,
    /// The messages that wait or are being committed. Reading pauses while this is at its limit.
    pending: Load,
    /// The platform whose dialect a refused message looks like: its stream belongs at `/streams`.
    seen: Option<&'static str>,
    /// Set once a chunk was refused because the call has ended. Then the socket closes.
    call_ended: bool,
}

/// A number of messages, and the bytes of audio in them.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    messages: usize,
    bytes: usize,
}

/// A commit in progress. Its future resolves to one reply per message.
struct Commit {
    load: Load,
    replies: Pin<Box<dyn Future<Output = Vec<Reply>>>>,
}

/// The close code and reason of a socket.
type Ending = (CloseCode, &'static str);

/// Why the socket reads no more messages.
enum Stop {
    /// The client closed the socket, or sent something that is not a message.
    Ended(Ending),
    /// The service closes the socket. The client may have sent more messages, which are still read.
    Interrupted(Ending),
}

impl StreamSocket {
    async fn run(mut self, mut socket: Socket) {
        let _open = OpenSocket::count("callstore");
        let call = self.call.call_id();
        tracing::info!(protocol = "callstore", %call, "A stream connected.");
        let mut commit = None;
        let ending = self.listen(&mut socket, &mut commit).await;
        let (interrupted, (mut code, reason)) = match ending {
            Ok(Stop::Interrupted(ending)) => (true, ending),
            Ok(Stop::Ended(ending)) => (false, ending),
            Err(PeerGone) => (false, (CloseCode::Normal, "")),
        };
        // Chunks that were sent before are stored, and acknowledged if the client is still there.
        let mut left = Rest::on_its_way();
        loop {
            if interrupted {
                self.take_rest(&mut socket, &mut left).await;
            }
            let Some(under_way) = commit.take().or_else(|| self.commit()) else { break };
            let _ = self.finish(under_way, &mut socket).await;
        }
        let refused = !self.call_ended && !matches!(code, CloseCode::Normal | CloseCode::Restart);
        if self.call_ended {
            code = CloseCode::Policy;
        }
        Box::pin(self.call.close()).await;
        let refused = self.seen.or(refused.then_some("callstore"));
        let skipped = &Skipped::default();
        note_end(End { protocol: "callstore", call: Some(call), stream: None, code, reason, skipped, refused });
        socket.close(code, reason).await;
    }

    /// Receives messages and replies to them until the socket must close. At most one commit runs at a time.
    async fn listen(&mut self, socket: &mut Socket, commit: &mut Option<Commit>) -> Result<Stop, PeerGone> {
        loop {
            if commit.is_none() {
                *commit = self.commit();
            }
            let has_room = self.has_room();
            if !has_room {
                socket.forgive_silence();
            }
            tokio::select! {
                biased;
                replies = replies(commit) => {
                    if let Some(done) = commit.take() {
                        self.answer(done.load, replies, socket).await?;
                    }
                    if self.call_ended {
                        return Ok(Stop::Interrupted(CALL_ENDED));
                    }
                }
                interruption = self.call.interrupted() => return Ok(Stop::Interrupted(match interruption {
                    Interruption::CallEnded => CALL_ENDED,
                    Interruption::Stopping | Interruption::TakenOver | Interruption::HungUp => {
                        (CloseCode::Restart, "The service is stopping. Reconnect.")
                    }
                })),
                received = socket.receive(), if has_room => {
                    if let Err(ending) = self.take(received) {
                        return Ok(Stop::Ended(ending));
                    }
                }
            }
        }
    }

    /// Receives the messages that the client sent before the socket had to close.
    async fn take_rest(&mut self, socket: &mut Socket, left: &mut Rest) {
        while self.has_room()
            && let Some(received) = socket.receive_rest(left).await
        {
            if self.take(received).is_err() {
                break;
            }
        }
    }

    fn has_room(&self) -> bool {
        self.pending.messages < STREAM_WAITING_MAX && self.pending.bytes < STREAM_WAITING_MAX_BYTES
    }

    fn take(&mut self, received: Received) -> Result<(), Ending> {
        let message = match received {
            Received::Text(text) => {
                let message = Incoming::of_text(&text);
                if self.seen.is_none() && matches!(message, Incoming::Refused { .. }) {
                    self.seen = dialects::looks_like(&text).map(dialects::Name::as_str);
                }
                message
            }
            Received::Binary(bytes) => Incoming::of_bytes(bytes),
            Received::Closed(_) => return Err((CloseCode::Normal, "")),
            Received::AccessEnded(reason) => return Err((CloseCode::Policy, reason)),
            Received::Faulty(Fault::TooLong) => return Err((CloseCode::Size, "A message may have at most 1 MiB.")),
            Received::Faulty(Fault::NotUtf8) => return Err((CloseCode::Invalid, "A text message must be UTF-8.")),
            Received::Faulty(Fault::Protocol) => return Err((CloseCode::Protocol, "Not a WebSocket frame.")),
        };
        self.pending.messages += 1;
        self.pending.bytes += message.bytes();
        self.waiting.push(message);
        Ok(())
    }

    /// Starts a commit of all waiting messages. `None` if there are none.
    fn commit(&mut self) -> Option<Commit> {
        if self.waiting.is_empty() {
            return None;
        }
        let messages = std::mem::take(&mut self.waiting);
        let load = Load { messages: messages.len(), bytes: messages.iter().map(Incoming::bytes).sum() };
        Some(Commit { load, replies: Box::pin(store(self.call.writer(), messages, self.request_id.clone())) })
    }

    async fn finish(&mut self, commit: Commit, socket: &mut Socket) -> Result<(), PeerGone> {
        let replies = commit.replies.await;
        self.answer(commit.load, replies, socket).await
    }

    async fn answer(&mut self, load: Load, replies: Vec<Reply>, socket: &mut Socket) -> Result<(), PeerGone> {
        self.pending.messages -= load.messages;
        self.pending.bytes -= load.bytes;
        for reply in replies {
            self.call_ended |= reply.is_call_ended();
            socket.send(&reply.text(self.request_id.text())).await?;
        }
        Ok(())
    }
}

const CALL_ENDED: Ending = (CloseCode::Normal, "The call has ended.");

/// Waits for the commit in progress; forever if there is none.
async fn replies(commit: &mut Option<Commit>) -> Vec<Reply> {
    match commit {
        Some(commit) => commit.replies.as_mut().await,
        None => pending().await,
    }
}
