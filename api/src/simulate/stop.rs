//! The wish to stop: Ctrl-C or SIGTERM. Calls send no more, end properly, and are reported.

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

/// Waits that are shorter are not interrupted: that would cost every frame something.
const SHORT: Duration = Duration::from_millis(250);

/// Whether the run should stop.
#[derive(Debug, Default)]
pub struct Stop {
    wished: AtomicBool,
    wish: Notify,
}

impl Stop {
    /// Whether it should.
    pub fn is_wished(&self) -> bool {
        self.wished.load(Relaxed)
    }

    /// It should.
    pub fn wish(&self) {
        self.wished.store(true, Relaxed);
        self.wish.notify_waiters();
    }

    /// Waits until a time, or until the run should stop.
    pub async fn sleep_until(&self, deadline: Instant) {
        if deadline.saturating_duration_since(Instant::now()) < SHORT {
            return time::sleep_until(deadline).await;
        }
        let wish = self.wish.notified();
        if !self.is_wished() {
            tokio::select! {
                () = time::sleep_until(deadline) => {}
                () = wish => {}
            }
        }
    }
}

/// Waits for Ctrl-C or SIGTERM; forever where the system does not let us listen.
pub fn signalled() -> impl Future<Output = ()> {
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
