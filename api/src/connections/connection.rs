//! A connection after its handshake: the bare TCP stream. It breaks when the peer reads nothing for too long.
//! Connections have no read buffer of their own: all connections of a thread share one, so an idle socket takes little
//! memory.

use std::{cell::RefCell, io, time::Duration};

use actix_web::rt::net::TcpStream;
use bytes::Bytes;
use tokio::{io::AsyncWriteExt, time::timeout};

/// How long a peer may take to hang up after it was told that the socket closes.
const LINGER: Duration = Duration::from_secs(1);
/// The most unsent bytes, such as pongs, that a connection may hold for a peer that does not read.
const WAITING_MAX: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 32 * 1024]);
}

/// An open connection of a WebSocket, or of a client that gets a last response.
pub(crate) struct Connection {
    io: TcpStream,
    /// Bytes that arrived with the handshake. They are read first.
    early: Bytes,
    /// Bytes that the kernel has not accepted yet. `read` sends them while it waits.
    waiting: Vec<u8>,
}

impl Connection {
    /// Takes over a TCP stream. `early` are bytes that were already read from it.
    pub(crate) fn new(io: TcpStream, early: Bytes) -> Self {
        Self { io, early, waiting: Vec::new() }
    }

    /// Waits for bytes; returns none at the end of the stream. Sends waiting bytes meanwhile. Cancel safe: nothing is
    /// lost if the future is dropped.
    pub(crate) async fn read(&mut self) -> io::Result<Bytes> {
        if !self.early.is_empty() {
            return Ok(std::mem::take(&mut self.early));
        }
        loop {
            tokio::select! {
                biased;
                ready = self.io.readable() => {
                    ready?;
                    if let Some(result) = self.read_now() {
                        return result;
                    }
                }
                ready = self.io.writable(), if !self.waiting.is_empty() => {
                    ready?;
                    self.write()?;
                }
            }
        }
    }

    /// Returns bytes that have already arrived; none at the end of the stream. `None` if nothing has arrived.
    pub(crate) fn read_now(&mut self) -> Option<io::Result<Bytes>> {
        if !self.early.is_empty() {
            return Some(Ok(std::mem::take(&mut self.early)));
        }
        let read =
            |buffer: &mut Vec<u8>| self.io.try_read(buffer).map(|count| Bytes::copy_from_slice(&buffer[..count]));
        match BUFFER.with_borrow_mut(read) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            result => Some(result.map_err(note_stalled)),
        }
    }

    /// Sends waiting bytes and then these. Waits until the kernel has accepted all of them.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(bytes);
        self.flush().await
    }

    /// Queues bytes without waiting. `read` sends the rest. Fails if the peer lets more than `WAITING_MAX` bytes pile
    /// up.
    pub(crate) fn send_later(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.waiting.len() + bytes.len() > WAITING_MAX {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.waiting.extend_from_slice(bytes);
        self.write()
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.write()?;
        while !self.waiting.is_empty() {
            self.io.writable().await?;
            self.write()?;
        }
        Ok(())
    }

    /// Sends as many waiting bytes as the kernel accepts at once.
    fn write(&mut self) -> io::Result<()> {
        while !self.waiting.is_empty() {
            match self.io.try_write(&self.waiting) {
                Ok(count) => {
                    self.waiting.drain(..count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(note_stalled(error)),
            }
        }
        self.waiting = Vec::new();
        Ok(())
    }

    /// Shuts down the sending side and waits up to `LINGER` for the peer to hang up. If the connection closed with
    /// unread bytes, the kernel would reset it, and the peer could lose the last message.
    pub(crate) async fn close(mut self) {
        let hang_up = async {
            self.io.shutdown().await?;
            while !self.read().await?.is_empty() {}
            io::Result::Ok(())
        };
        // A peer that has gone, or that does not hang up in time, needs nothing more.
        let _ = timeout(LINGER, hang_up).await;
    }
}

/// Counts an error that means that the peer read nothing for too long, and returns it.
pub(crate) fn note_stalled(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::TimedOut {
        metrics::counter!("callstore_connections_stalled_total").increment(1);
    }
    error
}
