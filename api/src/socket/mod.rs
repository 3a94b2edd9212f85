//! WebSockets as all that use them see them: messages come whole, pings are answered, dead peers are noticed.

mod connection;
pub(crate) mod decoder;
mod heartbeat;
mod upgrade;

use std::{future::Future, time::Duration};

use actix_http::ws::{handshake_response, verify_handshake};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use bytes::Bytes;
use service::KeyGrant;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};

pub use actix_http::ws::CloseCode;
pub use connection::Connection;
pub use decoder::Fault;
pub use upgrade::answer;

use crate::{
    limits::SOCKET_BEAT,
    problem::{Problem, ProblemCode},
};
use decoder::{Decoder, Message};
use heartbeat::{Heartbeat, Pulse};
use upgrade::Takeover;

/// How long what a peer has sent may be on its way, and how long it is waited for in all.
const ON_ITS_WAY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(200));
/// The same for a peer that has come back on another socket. It may have given up this one with a full buffer: TCP tries
/// again after 200 ms at the earliest, and after twice as long the next time.
const GIVEN_UP: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(1));
/// The same for a peer of which is known from elsewhere that it is about to stop.
const ABOUT_TO_STOP: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(2));
/// How many bytes that can be: more than the buffers of both systems hold of what a peer sent before it hung up.
const REST_BYTES: usize = 16 * 1024 * 1024;

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
    /// The key that it was opened with is no longer taken.
    KeyEnded,
}

impl Received {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Faulty(_) | Self::Closed | Self::KeyEnded => 0,
        }
    }
}

/// An open socket.
pub struct Socket {
    connection: Connection,
    /// What was received and not read yet.
    input: Bytes,
    decoder: Decoder,
    heartbeat: Heartbeat,
    beats: Interval,
    /// The key that it was opened with, if one was asked for.
    grant: Option<KeyGrant>,
}

/// What is taken still of what a peer sent before its socket has to close. The time that it takes to store it does not count:
/// after a slow commit there may be more.
pub struct Rest {
    silence: Duration,
    wait: Duration,
    bytes: usize,
}

impl Rest {
    /// What is on its way.
    pub fn on_its_way() -> Self {
        let (silence, wait) = ON_ITS_WAY;
        Self { silence, wait, bytes: REST_BYTES }
    }

    /// What comes before a peer says that it stops.
    pub fn about_to_stop() -> Self {
        let (silence, wait) = ABOUT_TO_STOP;
        Self { silence, wait, bytes: REST_BYTES }
    }

    /// What a peer has left that has come back on another socket.
    pub fn given_up() -> Self {
        let (silence, wait) = GIVEN_UP;
        Self { silence, wait, bytes: REST_BYTES }
    }
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

/// Refuses a request that is not the handshake of a WebSocket (RFC 6455, section 4.2.1).
pub fn check_handshake(request: &HttpRequest) -> Result<(), Problem> {
    let detail = "This is a WebSocket; connect with ws:// or wss://, as RFC 6455 says.";
    verify_handshake(request.head()).map_err(|_| Problem::new(ProblemCode::BadRequest, detail))
}

impl Socket {
    /// Accepts a handshake that was checked. `run` goes on with the socket, on which messages have up to `max_bytes`.
    pub fn accept<F>(request: &HttpRequest, max_bytes: usize, run: impl FnOnce(Self) -> F + 'static) -> HttpResponse
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

    /// Waits for the next message. Nothing is lost when this is dropped and called again.
    pub async fn receive(&mut self) -> Received {
        loop {
            if let Some(received) = self.next() {
                return received;
            }
            tokio::select! {
                biased;
                () = ended(&mut self.grant) => return Received::KeyEnded,
                bytes = self.connection.read() => match bytes {
                    Ok(bytes) if !bytes.is_empty() => self.input = bytes,
                    Ok(_) | Err(_) => return Received::Closed,
                },
                _ = self.beats.tick() => match self.heartbeat.beat() {
                    Pulse::Alive => {}
                    Pulse::Silent => {
                        if self.connection.send_later(&frame(PING, b"")).is_err() {
                            return Received::Closed;
                        }
                    }
                    Pulse::Gone => return Received::Closed,
                },
            }
        }
    }

    /// The next message, if it has arrived already.
    pub fn receive_now(&mut self) -> Option<Received> {
        loop {
            if let Some(received) = self.next() {
                return Some(received);
            }
            match self.connection.read_now()? {
                Ok(bytes) if !bytes.is_empty() => self.input = bytes,
                Ok(_) | Err(_) => return Some(Received::Closed),
            }
        }
    }

    /// Waits for what the peer had sent before a moment: the next message, or nothing when it falls silent, or nothing is
    /// left to be taken.
    pub async fn receive_rest(&mut self, left: &mut Rest) -> Option<Received> {
        if left.wait.is_zero() || left.bytes == 0 {
            return None;
        }
        let begun = Instant::now();
        let received = timeout(left.wait.min(left.silence), self.receive()).await.ok()?;
        left.wait = left.wait.saturating_sub(begun.elapsed());
        left.bytes = left.bytes.saturating_sub(received.bytes());
        Some(received)
    }

    /// The next message of what has come, if it is whole.
    fn next(&mut self) -> Option<Received> {
        while let Some(result) = self.decoder.next(&mut self.input) {
            self.heartbeat.heard();
            return Some(match result {
                Ok(Message::Text(text)) => Received::Text(text),
                Ok(Message::Binary(bytes)) => Received::Binary(bytes),
                Ok(Message::Pong) => continue,
                Ok(Message::Ping(bytes)) => match self.connection.send_later(&frame(PONG, &bytes)) {
                    Ok(()) => continue,
                    Err(_) => Received::Closed,
                },
                Ok(Message::Close) => Received::Closed,
                Err(fault) => Received::Faulty(fault),
            });
        }
        self.input = Bytes::new();
        None
    }

    /// Forgets how long the peer was silent: it was not listened to.
    pub fn forgive_silence(&mut self) {
        self.heartbeat.heard();
    }

    /// Sends a text.
    pub async fn send(&mut self, text: &str) -> Result<(), PeerGone> {
        self.connection.send(&frame(TEXT, text.as_bytes())).await.map_err(|_| PeerGone)
    }

    /// Closes the socket and says why.
    pub async fn close(mut self, code: CloseCode, reason: &'static str) {
        let payload = [&u16::from(code).to_be_bytes()[..], reason.as_bytes()].concat();
        // A peer that is gone need not be told.
        let _ = self.connection.send(&frame(CLOSE, &payload)).await;
        self.connection.close().await;
    }
}

/// Waits until a key is no longer taken.
async fn ended(grant: &mut Option<KeyGrant>) {
    match grant {
        Some(grant) => grant.ended().await,
        None => std::future::pending().await,
    }
}

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A frame as a server sends it: whole and unmasked (RFC 6455, section 5.2).
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode];
    match payload.len() {
        length @ 0..=125 => bytes.push(length as u8),
        length @ 126..=0xFFFF => {
            bytes.push(126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(payload);
    bytes
}
