//! The order in which a carrier's sockets were accepted. When a stream reconnects, different threads read its old and
//! new socket, so the `start` of the newer one may be read first. Each socket therefore waits until older ones of its
//! stream are registered.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// How long a newer socket waits for an older one that has not named its stream yet. A carrier names the stream at
/// once.
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
    /// The name of its stream, once known. The channel closes when the socket is registered or gone.
    stream: watch::Receiver<Option<String>>,
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
    stream: watch::Sender<Option<String>>,
}

impl Arrivals {
    fn accepted(&self) -> MutexGuard<'_, Accepted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a socket as accepted.
    pub(super) fn note(&self) -> Arrival {
        let (sender, stream) = watch::channel(None);
        let mut accepted = self.accepted();
        accepted.last += 1;
        let number = accepted.last;
        accepted.sockets.insert(number, Unregistered { accepted: Instant::now(), stream });
        drop(accepted);
        Arrival { arrivals: self.clone(), number, stream: sender }
    }
}

impl Arrival {
    /// Names the socket's stream and waits for its turn. Older sockets of the same stream must hold their places or be
    /// gone. Other older sockets are waited for only until they name their streams.
    pub(super) async fn turn(&self, stream_sid: &str) {
        self.stream.send_replace(Some(stream_sid.to_owned()));
        let may_be_same =
            |older: &&Unregistered| older.stream.borrow().as_deref().is_none_or(|name| name == stream_sid);
        let older: Vec<Unregistered> = {
            let accepted = self.arrivals.accepted();
            accepted.sockets.range(..self.number).map(|(_, older)| older).filter(may_be_same).cloned().collect()
        };
        for Unregistered { accepted, mut stream } in older {
            let same = match timeout_at(accepted + PATIENCE, stream.wait_for(Option::is_some)).await {
                Ok(Ok(name)) => name.as_deref() == Some(stream_sid),
                // It is gone, or has not named its stream in time.
                Ok(Err(_)) | Err(_) => false,
            };
            while same && stream.changed().await.is_ok() {}
        }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.arrivals.accepted().sockets.remove(&self.number);
    }
}
