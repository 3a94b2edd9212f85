//! The stream of a connection, as the HTTP library reads and writes it. It ends where the client takes too long: for a head, for
//! its next request, or to read.

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

use super::{Place, Turn, refusal::answer, turn::State};
use crate::{
    limits::{HEAD_LIMIT, UNREAD_LIMIT, UNSENT_MAX_BYTES},
    problem::{Problem, ProblemCode},
};

/// A connection with a client.
pub struct ClientStream {
    io: TcpStream,
    place: Place,
    turn: Rc<Turn>,
    /// When to look at the turn again. It is not set for each request, which would cost more than the look.
    timer: Pin<Box<Sleep>>,
    /// Whether the client has to read before more can be written.
    blocked: bool,
}

impl ClientStream {
    /// A new connection.
    pub fn new(io: TcpStream, place: Place) -> Self {
        // The kernel sees what waits in its own buffers too; a connection that has it not is closed when it is idle.
        let _ = set_tcp_user_timeout(&io, u32::try_from(UNREAD_LIMIT.as_millis()).unwrap_or(u32::MAX));
        #[cfg(target_os = "linux")]
        let _ = socket2::SockRef::from(&io).set_tcp_notsent_lowat(UNSENT_MAX_BYTES);
        let now = Instant::now();
        let timer = Box::pin(sleep_until((now + HEAD_LIMIT).into()));
        Self { io, place, turn: Rc::new(Turn::new(now)), timer, blocked: false }
    }

    /// Whose turn it is.
    pub fn turn(&self) -> Rc<Turn> {
        self.turn.clone()
    }

    /// The bare stream, and its place, which is to be kept for as long as the stream is.
    pub fn into_parts(self) -> (TcpStream, Place) {
        (self.io, self.place)
    }

    /// Whether the client's time is over.
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

    /// Tells a client that has begun a request that it took too long.
    fn time_out(&mut self) {
        if self.turn.state() == State::Sending {
            self.turn.answered(true, Instant::now());
            // Where it does not fit, the client does not read either.
            let problem = Problem::of(ProblemCode::RequestTimeout);
            let _ = self.io.try_write(answer(&problem, self.place.ids()).as_bytes());
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
                // As if the client had hung up.
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

/// Counts an error that says that the peer took nothing for too long.
pub fn note_stalled(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::TimedOut {
        metrics::counter!("callstore_connections_stalled_total").increment(1);
    }
    error
}
