//! Which sockets are open on which call. It is in memory only: a socket does not outlive the process.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::arrival::{Arrival, Arrivals};
use crate::{Callstore, Timestamp};

/// The open sockets of all calls.
#[derive(Default)]
pub(crate) struct Streams {
    calls: Mutex<HashMap<Uuid, Live>>,
    pub(super) arrivals: Arrivals,
    stop: CancellationToken,
}

/// A call that has sockets, or had a carrier's.
#[derive(Default)]
struct Live {
    sockets: usize,
    /// Counts the carrier's sockets; the largest number is the one that holds the stream.
    takeovers: u64,
    carrier: Option<Carrier>,
    /// When the carrier's stream first started, by our clock. Kept over a disconnect.
    began: Option<Timestamp>,
    ended: CancellationToken,
}

/// The carrier's socket that holds a call's stream.
struct Carrier {
    number: u64,
    replaced: CancellationToken,
    hung_up: CancellationToken,
    done: CancellationToken,
}

/// Why a socket has to close though its peer has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// The call has ended or was deleted.
    CallEnded,
    /// The carrier has come back on another socket, which goes on in place of this one.
    TakenOver,
    /// The carrier has said elsewhere that the phone call is over. What comes before its `stop` is still taken.
    HungUp,
    /// The service stops.
    Stopping,
}

/// A socket's place among those of its call; left when dropped.
pub(crate) struct Place {
    callstore: Callstore,
    call: Uuid,
    /// The carrier's number; none for a socket of the own protocol.
    number: Option<u64>,
    replaced: CancellationToken,
    hung_up: CancellationToken,
    ended: CancellationToken,
    left: bool,
    _done: DropGuard,
}

impl Carrier {
    fn new(number: u64) -> Self {
        let [replaced, hung_up, done] = [(); 3].map(|()| CancellationToken::new());
        Self { number, replaced, hung_up, done }
    }
}

impl Streams {
    fn calls(&self) -> MutexGuard<'_, HashMap<Uuid, Live>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a call's sockets that it takes no more audio.
    pub fn ended(&self, call: Uuid) {
        if let Some(live) = self.calls().remove(&call) {
            live.ended.cancel();
        }
    }

    /// Tells the carrier's socket of a call that the phone call is over; returned is what waits until it has stored what came
    /// still, if there is one.
    pub fn hang_up(&self, call: Uuid) -> Option<CancellationToken> {
        let calls = self.calls();
        let carrier = calls.get(&call)?.carrier.as_ref()?;
        carrier.hung_up.cancel();
        Some(carrier.done.clone())
    }

    /// Tells all sockets that the service stops.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Whether a call has an open socket.
    pub fn is_open(&self, call: Uuid) -> bool {
        self.calls().get(&call).is_some_and(|live| live.sockets > 0)
    }

    /// The calls that have an open socket.
    pub fn open(&self) -> Vec<Uuid> {
        self.calls().iter().filter(|(_, live)| live.sockets > 0).map(|(&call, _)| call).collect()
    }

    fn leave(&self, call: Uuid, number: Option<u64>) {
        let mut calls = self.calls();
        let Some(live) = calls.get_mut(&call) else { return };
        live.sockets = live.sockets.saturating_sub(1);
        if live.carrier.as_ref().is_some_and(|carrier| Some(carrier.number) == number) {
            live.carrier = None;
        }
        if live.sockets == 0 && live.began.is_none() {
            calls.remove(&call);
        }
    }
}

impl Place {
    /// Takes a place beside the call's other sockets.
    pub fn beside(callstore: &Callstore, call: Uuid) -> Self {
        let mut calls = callstore.0.streams.calls();
        let live = calls.entry(call).or_default();
        live.sockets += 1;
        Self::new(callstore, call, None, &Carrier::new(0), live.ended.clone())
    }

    /// Takes the place of the carrier's socket, and waits until the one before has written what it had. It has to be the
    /// arrival's turn. `began` is when the stream first started, where this process has not seen that; returned is what
    /// holds.
    pub async fn of_carrier(
        callstore: &Callstore,
        call: Uuid,
        arrival: Arrival,
        began: Timestamp,
    ) -> (Self, Timestamp) {
        let (place, began, before) = {
            let mut calls = callstore.0.streams.calls();
            let live = calls.entry(call).or_default();
            live.sockets += 1;
            live.takeovers += 1;
            let carrier = Carrier::new(live.takeovers);
            let place = Self::new(callstore, call, Some(carrier.number), &carrier, live.ended.clone());
            let before = live.carrier.replace(carrier);
            (place, *live.began.get_or_insert(began), before)
        };
        drop(arrival);
        if let Some(before) = before {
            metrics::counter!("callstore_stream_takeovers_total").increment(1);
            before.replaced.cancel();
            before.done.cancelled().await;
        }
        (place, began)
    }

    fn new(callstore: &Callstore, call: Uuid, number: Option<u64>, told: &Carrier, ended: CancellationToken) -> Self {
        let (replaced, hung_up) = (told.replaced.clone(), told.hung_up.clone());
        let (callstore, _done) = (callstore.clone(), told.done.clone().drop_guard());
        Self { callstore, call, number, replaced, hung_up, ended, left: false, _done }
    }

    /// Waits until the socket has to close.
    pub async fn interrupted(&self) -> Interruption {
        tokio::select! {
            biased;
            () = self.ended.cancelled() => Interruption::CallEnded,
            () = self.replaced.cancelled() => Interruption::TakenOver,
            () = self.hung_up.cancelled() => Interruption::HungUp,
            () = self.callstore.0.streams.stop.cancelled() => Interruption::Stopping,
        }
    }

    /// Leaves ahead of being dropped.
    pub fn leave(&mut self) {
        if !self.left {
            self.left = true;
            self.callstore.0.streams.leave(self.call, self.number);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}
