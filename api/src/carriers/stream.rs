//! A started stream and the frames gathered for its next commit.

use std::{future::pending, time::Duration};

use service::{Arrival, Frame, Interruption, MediaStream};
use tokio::time::{Instant, sleep_until};

/// How long frames are gathered before they are stored in one commit.
pub(super) const GATHER: Duration = Duration::from_millis(50);
/// The most bytes of audio to gather. At this size they are stored immediately.
pub(super) const GATHER_BYTES: usize = 1024 * 1024;

/// A stream from its `start` message to the close of its socket.
pub(super) struct Stream {
    /// The service's side of the stream. Its socket's place in the call lives as long as this.
    pub media: MediaStream,
    /// Gathered frames, in the order of arrival.
    pub frames: Vec<Frame>,
    /// The bytes of audio in `frames`.
    pub bytes: usize,
    /// How long to gather frames. Shorter after a slow commit, because the frames that arrived during it have already
    /// waited.
    pub gather: Duration,
    /// When to store the gathered frames; `None` if there are none.
    pub due: Option<Instant>,
}

/// Waits until the socket must close; forever before the stream has started.
pub(super) async fn interrupted(stream: Option<&Stream>) -> Interruption {
    match stream {
        Some(stream) => stream.media.interrupted().await,
        None => pending().await,
    }
}

/// Waits until a newer socket asks one that has not started whether it has a message; for good once it has started.
pub(super) async fn question(arrival: &mut Option<Arrival>) -> u64 {
    match arrival {
        Some(arrival) => arrival.question().await,
        None => pending().await,
    }
}

/// Waits until the gathered frames are due to be stored; forever if there are none.
pub(super) async fn due(stream: Option<&Stream>) {
    match stream.and_then(|stream| stream.due) {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
