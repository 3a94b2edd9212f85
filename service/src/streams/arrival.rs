//! The order in which a carrier's sockets were accepted. When a stream reconnects, different threads read its old and
//! new socket, so the `start` of the newer one may be read first. Each socket therefore waits until older ones of its
//! stream are registered.
//!
//! Which stream an older socket belongs to is known once its `start` is read. Until then it is asked to look whether
//! anything has arrived. If nothing has, it is hardly an earlier socket of the stream: a client sends `start` on the
//! old one before it opens a new one. So sockets that say nothing keep nobody waiting. If its `start` does come later,
//! as after a lost packet, it does not take the stream from the newer one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// How long a newer socket waits, from the handshake of an older one on, for that one to be read. Only a thread that
/// is stuck takes so long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Accepted sockets that are not registered yet.
#[derive(Clone, Default)]
pub(super) struct Arrivals(Arc<Mutex<Accepted>>);

#[derive(Default)]
struct Accepted {
    last: u64,
    sockets: BTreeMap<u64, Unregistered>,
}

/// A socket that is not registered yet.
#[derive(Clone)]
struct Unregistered {
    accepted: Instant,
    /// What is known of it. The channel closes when the socket is registered or gone.
    known: watch::Receiver<Known>,
    /// How often newer sockets have asked it to look for messages.
    asked: watch::Sender<u64>,
}

/// What an unregistered socket tells newer ones.
#[derive(Default)]
struct Known {
    /// The name of its stream.
    stream: Option<String>,
    /// The number of the latest question after which it has looked, and found no message.
    silent_at: u64,
}

/// A carrier's socket from its handshake to its registration:
///
/// ```text
/// accepted -> named -> registered
///     \________\_____-> gone (dropped)
/// ```
pub struct Arrival {
    arrivals: Arrivals,
    number: u64,
    known: watch::Sender<Known>,
    asked: watch::Receiver<u64>,
}

impl Arrivals {
    fn accepted(&self) -> MutexGuard<'_, Accepted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a socket as accepted.
    pub(super) fn note(&self) -> Arrival {
        let (sender, known) = watch::channel(Known::default());
        let (asked, questions) = watch::channel(0);
        let mut accepted = self.accepted();
        accepted.last += 1;
        let number = accepted.last;
        accepted.sockets.insert(number, Unregistered { accepted: Instant::now(), known, asked });
        drop(accepted);
        Arrival { arrivals: self.clone(), number, known: sender, asked: questions }
    }
}

impl Arrival {
    /// Names the socket's stream and waits for its turn. Older sockets of the same stream must hold their places or be
    /// gone. Other older sockets are waited for only until they name their streams, or are found silent.
    pub(super) async fn turn(&self, stream_sid: &str) {
        self.known.send_modify(|known| known.stream = Some(stream_sid.to_owned()));
        let may_be_same =
            |older: &&Unregistered| older.known.borrow().stream.as_deref().is_none_or(|name| name == stream_sid);
        let older: Vec<(u64, Unregistered)> = {
            let accepted = self.arrivals.accepted();
            let older = accepted.sockets.range(..self.number).map(|(_, older)| older).filter(may_be_same);
            older.map(|older| (older.ask(), older.clone())).collect()
        };
        for (question, Unregistered { accepted, mut known, .. }) in older {
            let is_told = |known: &Known| known.stream.is_some() || known.silent_at >= question;
            let same = match timeout_at(accepted + PATIENCE, known.wait_for(is_told)).await {
                Ok(Ok(known)) => known.stream.as_deref() == Some(stream_sid),
                // It is gone, or its thread has not read it in time.
                Ok(Err(_)) | Err(_) => false,
            };
            while same && known.changed().await.is_ok() {}
        }
    }

    /// Its place in the order of handshakes.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Waits until a newer socket asks whether this one has a message, and returns the question. Look for messages that
    /// have arrived, and call [`tell_silent`](Self::tell_silent) if there is none. Cancelling it loses nothing.
    pub async fn question(&mut self) -> u64 {
        let told = self.known.borrow().silent_at;
        // The count goes up only, so the latest question stands for all before it.
        let question = match self.asked.wait_for(|asked| *asked > told).await {
            Ok(asked) => *asked,
            // The sender is in the list for as long as this is.
            Err(_) => std::future::pending().await,
        };
        // The runtime looks at its sockets before it goes on here.
        tokio::task::yield_now().await;
        question
    }

    /// Tells newer sockets that no message had arrived after a question.
    pub fn tell_silent(&self, question: u64) {
        self.known.send_modify(|known| known.silent_at = question);
    }
}

impl Unregistered {
    /// Asks it to look for messages, and returns the number of the question.
    fn ask(&self) -> u64 {
        let mut question = 0;
        self.asked.send_modify(|asked| {
            *asked += 1;
            question = *asked;
        });
        question
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.arrivals.accepted().sockets.remove(&self.number);
    }
}
