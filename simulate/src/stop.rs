//! The request to stop, by Ctrl-C or SIGTERM. Calls then send no more audio, end normally, and are compared and
//! reported.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
    time::{self, Instant},
};

/// Shorter waits are not interrupted by a stop, because watching for it would cost time for every frame.
const SHORT: Duration = Duration::from_millis(250);

/// A request to stop that all threads share. It is set once and never reset.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    requested: AtomicBool,
    notify: Notify,
}

impl Stop {
    /// Whether a stop was requested.
    pub(crate) fn is_requested(&self) -> bool {
        self.requested.load(Relaxed)
    }

    /// Requests a stop and wakes all long waits.
    pub(crate) fn request(&self) {
        self.requested.store(true, Relaxed);
        self.notify.notify_waiters();
    }

    /// Waits until `deadline`, or until a stop is requested if that is at least `SHORT` away.
    pub(crate) async fn sleep_until(&self, deadline: Instant) {
        if deadline.saturating_duration_since(Instant::now()) < SHORT {
            return time::sleep_until(deadline).await;
        }
        let request = self.notify.notified();
        if !self.is_requested() {
            tokio::select! {
                () = time::sleep_until(deadline) => {}
                () = request => {}
            }
        }
    }
}

/// Waits for Ctrl-C or SIGTERM. Listens from the call on, not from the first poll. Waits forever if the signals cannot
/// be handled.
pub(crate) fn signalled() -> impl Future<Output = ()> {
    let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok());
    async move {
        let [interrupt, terminate] = signals.map(|signal| async move {
            match signal {
                Some(mut signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        });
        tokio::select! {
            () = interrupt => {}
            () = terminate => {}
        }
    }
}
