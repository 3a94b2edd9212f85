//! The TCP stream of a connection, as actix reads and writes it. It ends when the client takes too long to send a
//! request's head, to send the next request, or to read a response.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Instant,
};

use actix_web::rt::net::TcpStream;
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep_until},
};

use super::{
    connection::note_stalled,
    refusal::answer,
    slots::Slot,
    turn::{State, Turn},
};
use crate::{
    limits::{HEAD_LIMIT, UNREAD_LIMIT, UNSENT_MAX_BYTES},
    problem::{Problem, ProblemCode},
};

/// A client's connection while actix handles it.
pub(crate) struct ClientStream {
    io: TcpStream,
    slot: Slot,
    turn: Rc<Turn>,
    /// When to check the client's deadline again. The timer is not reset for each request, which would cost more than a
    /// needless check.
    timer: Pin<Box<Sleep>>,
    /// Whether the last write had to wait for the client to read. The kernel's timeout limits that time, not the timer.
    blocked: bool,
}

impl ClientStream {
    /// Wraps a new connection and sets its socket options.
    pub(crate) fn new(io: TcpStream, slot: Slot) -> Self {
        // `TCP_USER_TIMEOUT` also covers data in the kernel's send buffer. Without it only the deadlines of `Turn`
        // apply.
        // A body that is read from a file follows its head in a packet of its own. The kernel would hold it back until
        // the client has acknowledged the head, which clients do after up to 40 ms.
        let _ = io.set_nodelay(true);
        let _ = set_tcp_user_timeout(&io, u32::try_from(UNREAD_LIMIT.as_millis()).unwrap_or(u32::MAX));
        #[cfg(target_os = "linux")]
        let _ = socket2::SockRef::from(&io).set_tcp_notsent_lowat(UNSENT_MAX_BYTES);
        let now = Instant::now();
        let timer = Box::pin(sleep_until((now + HEAD_LIMIT).into()));
        Self { io, slot, turn: Rc::new(Turn::new(now)), timer, blocked: false }
    }

    /// The state that the connection shares with its requests.
    pub(crate) fn turn(&self) -> Rc<Turn> {
        self.turn.clone()
    }

    /// The bare stream and its slot. Keep the slot as long as the stream is open.
    pub(crate) fn into_parts(self) -> (TcpStream, Slot) {
        (self.io, self.slot)
    }

    /// Whether the client has exceeded its deadline. Registers the task to be woken at the next check.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        while self.timer.as_mut().poll(context).is_ready() {
            let now = Instant::now();
            let until = self.turn.until().filter(|_| !self.blocked).unwrap_or(now + HEAD_LIMIT);
            if until <= now {
                return true;
            }
            self.timer.as_mut().reset(until.into());
        }
        false
    }

    /// Sends a 408 to a client that has begun a request and not finished its head.
    fn time_out(&mut self) {
        if self.turn.state() == State::Sending {
            self.turn.answered(true, Instant::now());
            // If the response does not fit into the send buffer, the client is not reading either.
            let problem = Problem::of(ProblemCode::RequestTimeout);
            let _ = self.io.try_write(answer(&problem, self.slot.ids()).as_bytes());
        }
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        match Pin::new(&mut this.io).poll_read(context, buffer) {
            Poll::Ready(Ok(())) => {
                if buffer.filled().len() > before {
                    this.turn.received();
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(note_stalled(error))),
            Poll::Pending if this.is_late(context) => {
                this.time_out();
                // Reports the end of the stream, as if the client had hung up.
                Poll::Ready(Ok(()))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write(context, bytes);
        this.blocked = written.is_pending();
        if let Poll::Ready(Ok(_)) = written {
            this.turn.taken();
        }
        written.map_err(note_stalled)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(context)
    }
}
