//! A connection after its handshake: the bare TCP stream, which breaks when its peer takes nothing for too long. It has no buffer to read into: all that are idle on a thread share
//! one, so that an idle socket takes little memory.

use std::{cell::RefCell, io, time::Duration};

use actix_web::rt::net::TcpStream;
use bytes::Bytes;
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::connections::note_stalled;

/// How long a peer may take to hang up after it was told that the socket closes.
const LINGER: Duration = Duration::from_secs(1);
/// How many bytes of answers to pings wait for the peer at most.
const WAITING_MAX: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 32 * 1024]);
}

/// An open connection.
pub struct Connection {
    io: TcpStream,
    /// What came with the handshake.
    early: Bytes,
    /// What the peer has not taken yet.
    waiting: Vec<u8>,
}

impl Connection {
    /// A connection of which `early` has been read.
    pub fn new(io: TcpStream, early: Bytes) -> Self {
        Self { io, early, waiting: Vec::new() }
    }

    /// Waits for bytes; none come at the end. Meanwhile what waits is sent. Nothing is lost when this is dropped.
    pub async fn read(&mut self) -> io::Result<Bytes> {
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

    /// The bytes that have arrived already; none come at the end.
    pub fn read_now(&mut self) -> Option<io::Result<Bytes>> {
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

    /// Sends bytes, behind what waits already.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(bytes);
        self.flush().await
    }

    /// Sends bytes when the peer takes them, while something is read.
    pub fn send_later(&mut self, bytes: &[u8]) -> io::Result<()> {
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

    /// Sends as much of what waits as the peer takes now.
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

    /// Says that nothing more will be sent, and waits a little for the peer to hang up: bytes that nobody has read when a
    /// connection closes would take back what was sent last.
    pub async fn close(mut self) {
        let hang_up = async {
            self.io.shutdown().await?;
            while !self.read().await?.is_empty() {}
            io::Result::Ok(())
        };
        // A peer that is gone already, or stays on the line, needs no more.
        let _ = timeout(LINGER, hang_up).await;
    }
}
