//! The open sockets of each call, in memory only, because sockets do not outlive the process.
//!
//! Tokens carry the news, so that whoever sends it does not wait: `replaced` and `hung_up` belong to one carrier's
//! socket, `ended` to a call, `stop` to the process. `done` goes the other way: a socket cancels it when all its audio
//! is stored, by dropping its registration.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::arrival::{Arrival, Arrivals};
use crate::Timestamp;

/// The open sockets of all calls.
#[derive(Clone, Default)]
pub(crate) struct Sockets {
    calls: Arc<Mutex<HashMap<Uuid, CallSockets>>>,
    pub(super) arrivals: Arrivals,
    stop: CancellationToken,
}

/// A call that has sockets, or had a carrier's stream. It is removed with its last socket, or, if it had a carrier's
/// stream, when the call ends.
#[derive(Default)]
struct CallSockets {
    sockets: usize,
    carrier: Option<Carrier>,
    /// When the carrier's stream first started, by our clock. Kept while the stream is disconnected.
    began: Option<Timestamp>,
    /// What the platform's clock read at the start of the stream, in milliseconds since 1970, for platforms that stamp
    /// frames with it. A socket that comes back is placed by it. Kept as long as `began`.
    epoch_ms: Option<u64>,
    ended: CancellationToken,
}

/// The carrier's socket that holds a call's stream.
struct Carrier {
    number: u64,
    replaced: CancellationToken,
    hung_up: CancellationToken,
    done: CancellationToken,
}

/// Why a socket must close although its peer has not closed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// The call has ended or was deleted.
    CallEnded,
    /// The carrier has reconnected on another socket, which takes over.
    TakenOver,
    /// The carrier has reported that the phone call is over. Audio before its `stop` is still accepted.
    HungUp,
    /// The service is stopping.
    Stopping,
}

/// A socket in the list of its call, which it leaves when this is dropped. Dropping it also signals that the socket
/// has stored everything.
pub(crate) struct Registration {
    sockets: Sockets,
    call: Uuid,
    /// Number of the carrier's socket; `None` for one of Callstore's stream protocol.
    number: Option<u64>,
    replaced: CancellationToken,
    hung_up: CancellationToken,
    ended: CancellationToken,
    is_late: bool,
    left: bool,
    _done: DropGuard,
}

impl Carrier {
    fn new(number: u64) -> Self {
        let [replaced, hung_up, done] = [(); 3].map(|()| CancellationToken::new());
        Self { number, replaced, hung_up, done }
    }
}

impl Sockets {
    fn calls(&self) -> MutexGuard<'_, HashMap<Uuid, CallSockets>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes a call's sockets, because it accepts no more audio.
    pub(crate) fn ended(&self, call: Uuid) {
        if let Some(entry) = self.calls().remove(&call) {
            entry.ended.cancel();
        }
    }

    /// Tells the carrier's socket that the phone call is over. Returns a token that is cancelled once that socket has
    /// stored its last audio; `None` without such a socket.
    pub(crate) fn hang_up(&self, call: Uuid) -> Option<CancellationToken> {
        let calls = self.calls();
        let carrier = calls.get(&call)?.carrier.as_ref()?;
        carrier.hung_up.cancel();
        Some(carrier.done.clone())
    }

    /// Closes all sockets, because the service stops.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Whether a call has an open socket.
    pub(crate) fn is_open(&self, call: Uuid) -> bool {
        self.calls().get(&call).is_some_and(|entry| entry.sockets > 0)
    }

    /// The calls with an open socket.
    pub(crate) fn open(&self) -> Vec<Uuid> {
        self.calls().iter().filter(|(_, entry)| entry.sockets > 0).map(|(&call, _)| call).collect()
    }

    /// A carrier's socket that was replaced finds another number in its place, and leaves that alone.
    fn leave(&self, call: Uuid, number: Option<u64>) {
        let mut calls = self.calls();
        let Some(entry) = calls.get_mut(&call) else { return };
        entry.sockets = entry.sockets.saturating_sub(1);
        if entry.carrier.as_ref().is_some_and(|carrier| Some(carrier.number) == number) {
            entry.carrier = None;
        }
        if entry.sockets == 0 && entry.began.is_none() {
            calls.remove(&call);
        }
    }
}

impl Registration {
    /// Registers a socket beside the others of its call.
    pub(super) fn beside(sockets: &Sockets, call: Uuid) -> Self {
        let mut calls = sockets.calls();
        let entry = calls.entry(call).or_default();
        entry.sockets += 1;
        Self::new(sockets, call, None, &Carrier::new(0), entry.ended.clone())
    }

    /// Takes over the carrier's stream, and waits until the previous socket has stored its audio. It must be the
    /// arrival's turn. If a newer socket holds the stream, which had found this one silent, this one is taken over at
    /// once: what its carrier has sent is stored beside the newer one's. `began` is used as the stream's start if this
    /// process has not seen it start; the start in effect is returned.
    pub(super) async fn of_carrier(
        sockets: &Sockets,
        call: Uuid,
        arrival: Arrival,
        began: Timestamp,
    ) -> (Self, Timestamp) {
        let (registration, began, before) = {
            let mut calls = sockets.calls();
            let entry = calls.entry(call).or_default();
            entry.sockets += 1;
            let carrier = Carrier::new(arrival.number());
            let mut registration = Self::new(sockets, call, Some(carrier.number), &carrier, entry.ended.clone());
            let is_late = entry.carrier.as_ref().is_some_and(|holder| holder.number > carrier.number);
            registration.is_late = is_late;
            let before = if is_late {
                carrier.replaced.cancel();
                None
            } else {
                entry.carrier.replace(carrier)
            };
            (registration, *entry.began.get_or_insert(began), before)
        };
        drop(arrival);
        if let Some(before) = before {
            metrics::counter!("callstore_stream_takeovers_total").increment(1);
            before.replaced.cancel();
            before.done.cancelled().await;
        }
        (registration, began)
    }

    fn new(sockets: &Sockets, call: Uuid, number: Option<u64>, told: &Carrier, ended: CancellationToken) -> Self {
        let (replaced, hung_up) = (told.replaced.clone(), told.hung_up.clone());
        let (sockets, _done) = (sockets.clone(), told.done.clone().drop_guard());
        Self { sockets, call, number, replaced, hung_up, ended, is_late: false, left: false, _done }
    }

    /// Whether a newer socket of the stream was there before this one began. What is stored may then be of a later
    /// time than what this one still brings.
    pub(super) fn is_late(&self) -> bool {
        self.is_late
    }

    /// What the platform's clock read at the start of the stream, if an earlier socket has noted it.
    pub(super) fn epoch_ms(&self) -> Option<u64> {
        self.sockets.calls().get(&self.call).and_then(|call| call.epoch_ms)
    }

    /// Notes what the platform's clock read at the start of the stream, unless an earlier socket has.
    pub(super) fn note_epoch(&self, epoch_ms: u64) {
        if let Some(call) = self.sockets.calls().get_mut(&self.call) {
            call.epoch_ms.get_or_insert(epoch_ms);
        }
    }

    /// Waits until the socket must close.
    ///
    /// If several things have happened, the end of the call comes first, since nothing more can be stored then.
    pub(super) async fn interrupted(&self) -> Interruption {
        tokio::select! {
            biased;
            () = self.ended.cancelled() => Interruption::CallEnded,
            () = self.replaced.cancelled() => Interruption::TakenOver,
            () = self.hung_up.cancelled() => Interruption::HungUp,
            () = self.sockets.stop.cancelled() => Interruption::Stopping,
        }
    }

    /// Leaves the list before this is dropped.
    pub(super) fn leave(&mut self) {
        if !self.left {
            self.left = true;
            self.sockets.leave(self.call, self.number);
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.leave();
    }
}
