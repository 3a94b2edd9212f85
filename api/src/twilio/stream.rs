//! A stream that has started, with the frames that it gathers.

use std::{future::pending, time::Duration};

use service::{Frame, Interruption, MediaStream};
use tokio::time::{Instant, sleep_until};

/// A stream that has started.
pub struct Stream {
    pub media: MediaStream,
    pub name: String,
    pub big_endian: bool,
    pub frames: Vec<Frame>,
    pub bytes: usize,
    /// How long frames are gathered: less after a slow commit, since those that came meanwhile have waited.
    pub gather: Duration,
    /// When the frames have to be stored.
    pub due: Option<Instant>,
}

/// Waits until a stream's socket has to close.
pub async fn interrupted(stream: Option<&Stream>) -> Interruption {
    match stream {
        Some(stream) => stream.media.interrupted().await,
        None => pending().await,
    }
}

/// Waits until what a stream has gathered has to be stored.
pub async fn due(stream: Option<&Stream>) {
    match stream.and_then(|stream| stream.due) {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
