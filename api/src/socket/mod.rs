//! The WebSocket layer that all streaming protocols share: whole messages, automatic pongs, and detection of dead
//! peers.

pub(crate) mod decoder;
mod heartbeat;
mod note;
mod upgrade;

use std::{future::Future, time::Duration};

use actix_http::ws::{handshake_response, verify_handshake};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, http::header::SEC_WEBSOCKET_PROTOCOL};
use bytes::Bytes;
use service::KeyGrant;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};

pub(crate) use actix_http::ws::CloseCode;
pub(crate) use decoder::Fault;
pub(crate) use note::{End, Skipped, note_end};
pub(crate) use upgrade::answer;

use service::audio::number::wide;

use crate::{
    connections::connection::Connection,
    limits::SOCKET_BEAT,
    problem::{Problem, ProblemCode},
    request::ended,
};
use decoder::{Decoder, Message};
use heartbeat::{Heartbeat, Pulse};
use upgrade::Takeover;

/// How long to wait for a peer's last messages: the longest silence, and the sum of all waits.
const ON_ITS_WAY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(200));
/// The same for a peer that has reconnected on another socket. Its kernel may still hold unsent data for this one. TCP
/// retransmits after 200 ms at the earliest, and doubles that each time.
const GIVEN_UP: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(1));
/// The same for a stream whose phone call is known to have ended, which is about to send its stop message.
const ABOUT_TO_STOP: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(2));
/// The most bytes accepted in that time. The kernel buffers on both sides hold less.
const REST_BYTES: usize = 16 * 1024 * 1024;

/// The code of a connection that ended without a close frame (RFC 6455, section 7.1.5).
pub(crate) const GONE: u16 = 1006;

/// A message or event of a socket.
#[derive(Debug)]
pub(crate) enum Received {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A message that cannot be decoded.
    Faulty(Fault),
    /// The peer has closed the socket with this code, or is gone (`GONE`). No more messages follow.
    Closed(u16),
    /// The client may not use the socket any more, for this reason.
    AccessEnded(&'static str),
}

impl Received {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Faulty(_) | Self::Closed(_) | Self::AccessEnded(_) => 0,
        }
    }
}

/// An open WebSocket.
pub(crate) struct Socket {
    connection: Connection,
    /// Bytes that were received and not decoded yet.
    input: Bytes,
    decoder: Decoder,
    heartbeat: Heartbeat,
    beats: Interval,
    /// The permission of the client that opened the socket; `None` for Twilio with its signature. The socket closes
    /// when the grant ends.
    grant: Option<KeyGrant>,
}

/// The remaining allowance for messages that a peer sent before its socket must close. Only the time spent waiting
/// counts, not the time for storing: after a slow commit more messages may have arrived.
pub(crate) struct Rest {
    silence: Duration,
    wait: Duration,
    bytes: usize,
}

impl Rest {
    /// For a socket that the service closes by itself.
    pub(crate) fn on_its_way() -> Self {
        let (silence, wait) = ON_ITS_WAY;
        Self { silence, wait, bytes: REST_BYTES }
    }

    /// For a stream whose phone call has ended. Its stop message is about to come.
    pub(crate) fn about_to_stop() -> Self {
        let (silence, wait) = ABOUT_TO_STOP;
        Self { silence, wait, bytes: REST_BYTES }
    }

    /// For a peer that has reconnected on another socket.
    pub(crate) fn given_up() -> Self {
        let (silence, wait) = GIVEN_UP;
        Self { silence, wait, bytes: REST_BYTES }
    }
}

/// The connection failed, or the peer did not read in time.
#[derive(Debug)]
pub(crate) struct PeerGone;

/// Counts an open socket in the metrics from creation to drop.
pub(crate) struct OpenSocket(&'static str);

impl OpenSocket {
    /// Counts a socket of `protocol` until the value is dropped.
    pub(crate) fn count(protocol: &'static str) -> Self {
        metrics::gauge!("callstore_stream_sockets", "protocol" => protocol).increment(1.0);
        Self(protocol)
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        metrics::gauge!("callstore_stream_sockets", "protocol" => self.0).decrement(1.0);
    }
}

/// Whether the client offers a subprotocol.
pub(crate) fn offers(request: &HttpRequest, protocol: &str) -> bool {
    let mut lists = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).filter_map(|list| list.to_str().ok());
    lists.any(|list| list.split(',').any(|name| name.trim() == protocol))
}

/// Rejects a request that is not a WebSocket handshake (RFC 6455, section 4.2.1).
pub(crate) fn check_handshake(request: &HttpRequest) -> Result<(), Problem> {
    let detail = "This path is a WebSocket. Connect with ws:// or wss:// (RFC 6455).";
    verify_handshake(request.head()).map_err(|_| Problem::new(ProblemCode::BadRequest, detail))
}

impl Socket {
    /// Accepts a handshake that `check_handshake` has checked. `run` then owns the socket, whose messages have up to
    /// `max_bytes`.
    pub(crate) fn accept<F>(
        request: &HttpRequest,
        max_bytes: usize,
        run: impl FnOnce(Self) -> F + 'static,
    ) -> HttpResponse
    where
        F: Future<Output = ()> + 'static,
    {
        let grant = request.extensions_mut().remove::<KeyGrant>();
        let go_on = move |connection| {
            let run: upgrade::LocalFuture<()> = Box::pin(run(Self::new(connection, max_bytes, grant)));
            run
        };
        let mut response = HttpResponse::from(handshake_response(request.head()).finish().map_into_boxed_body());
        response.extensions_mut().insert(Takeover(Box::new(go_on)));
        response
    }

    fn new(connection: Connection, max_bytes: usize, grant: Option<KeyGrant>) -> Self {
        let mut beats = interval(SOCKET_BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beats.reset();
        let (decoder, heartbeat) = (Decoder::new(max_bytes), Heartbeat::default());
        Self { connection, input: Bytes::new(), decoder, heartbeat, beats, grant }
    }

    /// Waits for the next message. Pings a silent peer meanwhile. Cancel safe: nothing is lost if the future is
    /// dropped.
    pub(crate) async fn receive(&mut self) -> Received {
        loop {
            if let Some(received) = self.next() {
                return received;
            }
            tokio::select! {
                biased;
                end = ended(&mut self.grant) => return Received::AccessEnded(note::reason(end)),
                bytes = self.connection.read() => match bytes {
                    Ok(bytes) if !bytes.is_empty() => self.input = bytes,
                    Ok(_) | Err(_) => return Received::Closed(GONE),
                },
                _ = self.beats.tick() => match self.heartbeat.beat() {
                    Pulse::Alive => {}
                    Pulse::Silent => {
                        if self.connection.send_later(&frame(PING, b"")).is_err() {
                            return Received::Closed(GONE);
                        }
                    }
                    Pulse::Gone => return Received::Closed(GONE),
                },
            }
        }
    }

    /// Returns the next message if it has already arrived.
    pub(crate) fn receive_now(&mut self) -> Option<Received> {
        loop {
            if let Some(received) = self.next() {
                return Some(received);
            }
            match self.connection.read_now()? {
                Ok(bytes) if !bytes.is_empty() => self.input = bytes,
                Ok(_) | Err(_) => return Some(Received::Closed(GONE)),
            }
        }
    }

    /// Waits for a message that the peer sent before its socket must close. `None` if the peer is silent or the
    /// allowance is used up.
    pub(crate) async fn receive_rest(&mut self, left: &mut Rest) -> Option<Received> {
        if left.wait.is_zero() || left.bytes == 0 {
            return None;
        }
        let begun = Instant::now();
        let received = timeout(left.wait.min(left.silence), self.receive()).await.ok()?;
        left.wait = left.wait.saturating_sub(begun.elapsed());
        left.bytes = left.bytes.saturating_sub(received.bytes());
        Some(received)
    }

    /// Decodes the next message from the bytes received, if it is complete. Queues pongs.
    fn next(&mut self) -> Option<Received> {
        while let Some(result) = self.decoder.next(&mut self.input) {
            self.heartbeat.heard();
            return Some(match result {
                Ok(Message::Text(text)) => Received::Text(text),
                Ok(Message::Binary(bytes)) => Received::Binary(bytes),
                Ok(Message::Pong) => continue,
                Ok(Message::Ping(bytes)) => match self.connection.send_later(&frame(PONG, &bytes)) {
                    Ok(()) => continue,
                    Err(_) => Received::Closed(GONE),
                },
                Ok(Message::Close(code)) => Received::Closed(code),
                Err(fault) => Received::Faulty(fault),
            });
        }
        self.input = Bytes::new();
        None
    }

    /// Resets the heartbeat after a time in which the socket was not read, so that the peer does not count as silent.
    pub(crate) fn forgive_silence(&mut self) {
        self.heartbeat.heard();
    }

    /// Sends a text message.
    pub(crate) async fn send(&mut self, text: &str) -> Result<(), PeerGone> {
        self.connection.send(&frame(TEXT, text.as_bytes())).await.map_err(|_| PeerGone)
    }

    /// Sends a close frame with a code and a reason, and closes the connection.
    pub(crate) async fn close(mut self, code: CloseCode, reason: &str) {
        // A control frame has at most 125 bytes (RFC 6455, section 5.5).
        let reason = &reason[..reason.floor_char_boundary(123)];
        let payload = [&u16::from(code).to_be_bytes()[..], reason.as_bytes()].concat();
        // The peer may be gone already.
        let _ = self.connection.send(&frame(CLOSE, &payload)).await;
        self.connection.close().await;
    }
}

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Encodes a server's frame: unfragmented and unmasked (RFC 6455, section 5.2).
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode];
    let length = payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => bytes.push(short),
        (_, Ok(length)) => {
            bytes.push(126);
            bytes.extend(length.to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend(wide(length).to_be_bytes());
        }
    }
    bytes.extend(payload);
    bytes
}
