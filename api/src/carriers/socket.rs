//! A platform's WebSocket: reads messages, lets the session handle them, and sends answers.

use std::time::Duration;

use dialects::Stream as Reader;
use service::Interruption;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{
    ending::Ending,
    session::Session,
    stream::{due, interrupted, question},
};
use crate::{
    limits::MEDIA_START_LIMIT,
    socket::{CloseCode, Fault, OpenSocket, Received, Rest, Socket},
};

/// The most messages read from a socket in one go, so that other sockets get their turn.
const TURN: usize = 1024;
/// How long a platform that closes its sockets itself may take for that.
const HANG_UP: Duration = Duration::from_secs(5);

/// A platform's WebSocket, from its handshake to its close.
pub(super) struct CarrierSocket {
    /// What its messages are stored in.
    pub session: Session,
    /// Reads its messages.
    pub reader: Reader,
    /// When the socket opened.
    pub opened: Instant,
}

impl CarrierSocket {
    /// Receives and stores until the socket must close, and closes it.
    pub(super) async fn run(mut self, mut socket: Socket) {
        let _open = OpenSocket::count("twilio");
        let mut ending = self.listen(&mut socket).await;
        self.reader.finish();
        // The stream is over, or has only frames left.
        let _ = self.drain(&mut socket).await;
        let call = self.session.call();
        let seen = self.reader.looks_like();
        let nameless = call.is_none() && self.session.name.is_none() && !ending.stopped && !self.reader.is_probe();
        if let Some(name) = seen.filter(|_| nameless && !is_waiting(&self.reader)) {
            ending = ending.without_start(name);
        }
        let ending = self.session.close(ending).await;
        ending.note(call, self.session.name.as_deref(), seen, &self.session.skipped);
        self.take_leave(&ending, &mut socket).await;
        socket.close(ending.code, &ending.reason).await;
    }

    /// Receives messages until the socket must close. The socket is not read while frames are gathered: the kernel
    /// buffers the next ones, and reading many at once costs less.
    async fn listen(&mut self, socket: &mut Socket) -> Ending {
        let late = self.opened + MEDIA_START_LIMIT;
        loop {
            let stream = self.session.stream.as_ref();
            let gathers = stream.is_some_and(|stream| stream.due.is_some());
            let taken = tokio::select! {
                biased;
                interruption = interrupted(stream) => return Box::pin(self.rest(interruption, socket)).await,
                () = due(stream) => Box::pin(self.take_waiting(None, socket)).await,
                () = sleep_until(late), if self.session.arrival.is_some() => {
                    return Ending::new(CloseCode::Policy, "No start message arrived in time.");
                }
                received = socket.receive(), if !gathers => Box::pin(self.take_waiting(Some(received), socket)).await,
                question = question(&mut self.session.arrival) => {
                    match (socket.receive_now(), &self.session.arrival) {
                        (None, Some(arrival)) => {
                            arrival.tell_silent(question);
                            Ok(())
                        }
                        (None, None) => Ok(()),
                        (first, _) => Box::pin(self.take_waiting(first, socket)).await,
                    }
                }
            };
            if let Err(ending) = taken {
                return ending;
            }
        }
    }

    /// Handles `first` and all messages that arrived after it. Without `first`, also stores the gathered frames.
    async fn take_waiting(&mut self, first: Option<Received>, socket: &mut Socket) -> Result<(), Ending> {
        let store = first.is_none();
        let (mut next, mut taken) = (first.or_else(|| socket.receive_now()), 0);
        while let Some(received) = next {
            self.take(received, socket).await?;
            taken += 1;
            next = if taken < TURN { socket.receive_now() } else { None };
        }
        if store { self.session.store_now().await } else { Ok(()) }
    }

    /// Receives what the platform sent before the socket had to close, as far as the reason for that allows.
    async fn rest(&mut self, interruption: Interruption, socket: &mut Socket) -> Ending {
        let mut left = match interruption {
            Interruption::CallEnded => return interruption.into(),
            Interruption::TakenOver => Rest::given_up(),
            Interruption::HungUp => Rest::about_to_stop(),
            Interruption::Stopping => Rest::on_its_way(),
        };
        loop {
            let taken = tokio::select! {
                biased;
                () = due(self.session.stream.as_ref()) => self.session.store_now().await,
                received = socket.receive_rest(&mut left) => match received {
                    Some(received) => self.take(received, socket).await,
                    None => break,
                },
            };
            match taken {
                Ok(()) => {}
                Err(ending) if ending.stopped => return ending,
                Err(_) => break,
            }
        }
        interruption.into()
    }

    async fn take(&mut self, received: Received, socket: &mut Socket) -> Result<(), Ending> {
        match received {
            Received::Text(text) => {
                let at_ms = self.opened.elapsed().as_millis();
                self.reader.text(&text, u64::try_from(at_ms).unwrap_or(u64::MAX));
            }
            Received::Binary(bytes) => self.reader.binary(&bytes),
            Received::Faulty(Fault::TooLong) => return self.skip("too_long"),
            Received::Faulty(Fault::NotUtf8) => return self.skip("not_utf8"),
            Received::Faulty(Fault::Protocol) => {
                return Err(Ending::new(CloseCode::Protocol, "Not a WebSocket frame."));
            }
            Received::Closed(code) => {
                let over = self.reader.ends_with_close(code) && self.session.stream.is_some();
                return Err(Ending { stopped: over, ..Ending::new(CloseCode::Normal, "") });
            }
            Received::AccessEnded(reason) => return Err(Ending::new(CloseCode::Policy, reason)),
        }
        self.drain(socket).await
    }

    /// Handles what the reader has understood, and sends the answers that the platform needs at once. Those to the end
    /// of a stream wait until everything is stored.
    async fn drain(&mut self, socket: &mut Socket) -> Result<(), Ending> {
        let seen = self.reader.looks_like();
        self.session.take(self.reader.events(), seen).await?;
        if self.reader.is_probe() {
            self.session.arrival = None;
        }
        self.send_answers(socket).await
    }

    async fn send_answers(&mut self, socket: &mut Socket) -> Result<(), Ending> {
        for answer in std::mem::take(&mut self.session.answers) {
            if socket.send(&answer).await.is_err() {
                return Err(Ending::new(CloseCode::Normal, ""));
            }
        }
        Ok(())
    }

    /// Sends the last answers, or the refusal, to a platform that then closes the socket itself, and waits for that.
    async fn take_leave(&mut self, ending: &Ending, socket: &mut Socket) {
        if ending.refused {
            self.session.answers.extend(self.reader.refusal(ending.unauthorized, &ending.reason));
        }
        let answers = !self.session.answers.is_empty();
        if self.send_answers(socket).await.is_err() || !answers || !self.reader.hangs_up_itself() {
            return;
        }
        let until = Instant::now() + HANG_UP;
        while let Ok(received) = timeout_at(until, socket.receive()).await {
            match received {
                Received::Text(text) => self.reader.text(&text, 0),
                Received::Binary(_) | Received::Faulty(Fault::TooLong | Fault::NotUtf8) => continue,
                Received::Faulty(Fault::Protocol) | Received::Closed(_) | Received::AccessEnded(_) => return,
            }
            for event in self.reader.events() {
                if let dialects::Event::Answer(answer) = event
                    && socket.send(&answer).await.is_err()
                {
                    return;
                }
            }
        }
    }

    fn skip(&mut self, reason: &'static str) -> Result<(), Ending> {
        self.session.skipped.count(reason, 1);
        Ok(())
    }
}

/// Whether nothing but a greeting came, which several platforms send alike.
fn is_waiting(reader: &Reader) -> bool {
    reader.name().is_none() && reader.looks_like() == Some(dialects::Name::Twilio)
}
