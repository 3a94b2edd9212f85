//! WebSockets as all that use them see them: messages come whole, pings are answered, dead peers are noticed.

mod decoder;
mod heartbeat;

use std::time::Duration;

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header, web};
use actix_ws::{CloseReason, Session};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

pub use actix_ws::CloseCode;
pub use decoder::Fault;

use crate::problem::{Problem, ProblemCode};
use decoder::{Decoder, Message};
use heartbeat::{BEAT, Heartbeat, Pulse};

/// How long a peer may take before it takes what is sent to it.
const SEND_LIMIT: Duration = Duration::from_secs(30);

/// What a socket has received.
#[derive(Debug)]
pub enum Received {
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// Something that cannot be read.
    Faulty(Fault),
    /// The peer has closed the socket or is gone; nothing more will come.
    Closed,
}

/// An open socket.
pub struct Socket {
    session: Session,
    payload: Payload,
    /// What was received and not read yet.
    input: Bytes,
    decoder: Decoder,
    heartbeat: Heartbeat,
    beats: Interval,
}

/// The peer does not take what is sent to it.
#[derive(Debug)]
pub struct PeerGone;

/// Counts a socket while it is open.
pub struct OpenSocket(&'static str);

impl OpenSocket {
    /// Counts a socket of a protocol.
    pub fn count(protocol: &'static str) -> Self {
        metrics::gauge!("callstore_stream_sockets", "protocol" => protocol).increment(1.0);
        Self(protocol)
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        metrics::gauge!("callstore_stream_sockets", "protocol" => self.0).decrement(1.0);
    }
}

/// Refuses a request that does not ask for a WebSocket.
pub fn check_upgrade(request: &HttpRequest) -> Result<(), Problem> {
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    if upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket")) {
        return Ok(());
    }
    Err(Problem::new(ProblemCode::BadRequest, "This is a WebSocket; connect with ws:// or wss://."))
}

impl Socket {
    /// Answers the handshake; messages have up to `max_bytes`.
    pub async fn accept(
        request: &HttpRequest,
        payload: web::Payload,
        max_bytes: usize,
    ) -> Result<(HttpResponse, Self), Problem> {
        let refuse = |_| Problem::new(ProblemCode::BadRequest, "The WebSocket handshake is not as RFC 6455 says.");
        // The library answers; what comes is read here.
        let none = web::Payload::from_request(request, &mut Payload::None).await.map_err(refuse)?;
        let (response, session, _) = actix_ws::handle(request, none).map_err(refuse)?;
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beats.reset();
        let socket = Self {
            session,
            payload: payload.into_inner(),
            input: Bytes::new(),
            decoder: Decoder::new(max_bytes),
            heartbeat: Heartbeat::default(),
            beats,
        };
        Ok((response, socket))
    }

    /// Waits for the next message. Nothing is lost when this is dropped and called again.
    pub async fn receive(&mut self) -> Received {
        loop {
            if let Some(received) = self.read().await {
                return received;
            }
            tokio::select! {
                biased;
                bytes = self.payload.next() => match bytes {
                    Some(Ok(bytes)) => self.input = bytes,
                    Some(Err(_)) | None => return Received::Closed,
                },
                _ = self.beats.tick() => match self.heartbeat.beat() {
                    Pulse::Alive => {}
                    Pulse::Silent => {
                        if self.session.ping(b"").await.is_err() {
                            return Received::Closed;
                        }
                    }
                    Pulse::Gone => return Received::Closed,
                },
            }
        }
    }

    /// The next message of what has come, if it has.
    async fn read(&mut self) -> Option<Received> {
        while !self.input.is_empty() {
            let Some(result) = self.decoder.next(&mut self.input) else { break };
            self.heartbeat.heard();
            match result {
                Ok(Message::Text(text)) => return Some(Received::Text(text)),
                Ok(Message::Binary(bytes)) => return Some(Received::Binary(bytes)),
                Ok(Message::Pong) => {}
                Ok(Message::Close) => return Some(Received::Closed),
                Ok(Message::Ping(bytes)) => {
                    if timeout(SEND_LIMIT, self.session.pong(&bytes)).await.is_err() {
                        return Some(Received::Closed);
                    }
                }
                Err(fault) => return Some(Received::Faulty(fault)),
            }
        }
        // Lets go of the buffer that the connection reads into.
        self.input = Bytes::new();
        None
    }

    /// Forgets how long the peer was silent: it was not listened to.
    pub fn forgive_silence(&mut self) {
        self.heartbeat.heard();
    }

    /// Sends a text.
    pub async fn send(&mut self, text: String) -> Result<(), PeerGone> {
        match timeout(SEND_LIMIT, self.session.text(text)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(PeerGone),
        }
    }

    /// Closes the socket and says why.
    pub async fn close(self, code: CloseCode, reason: &str) {
        let reason = CloseReason { code, description: Some(reason.to_owned()) };
        // A peer that is gone need not be told.
        let _ = timeout(SEND_LIMIT, self.session.close(Some(reason))).await;
    }
}
