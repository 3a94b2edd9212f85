//! How far a run has come: counts, and a bar of them on a terminal. Where stderr is not a terminal, there is no bar.

use std::{
    io::{self, Write},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use indicatif::{ProgressBar, ProgressStyle};

const TEMPLATE: &str = "{bar:40} {human_pos} of {human_len} frames, {per_sec}, {eta} to go; {msg}";

/// The progress of all calls together.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    sent: AtomicU64,
    acknowledged: AtomicU64,
    finished: AtomicU64,
    calls: u64,
    /// Whether there are acknowledgements.
    acknowledges: bool,
}

impl Progress {
    /// Nothing of so many frames of so many calls is done yet.
    #[must_use]
    pub fn new(calls: u64, frames: u64, acknowledges: bool) -> Self {
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        let (sent, acknowledged, finished) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Self { bar: ProgressBar::new(frames).with_style(style), sent, acknowledged, finished, calls, acknowledges }
    }

    /// So many frames are on their way.
    pub fn sent(&self, frames: u64) {
        self.sent.fetch_add(frames, Relaxed);
    }

    /// So many frames are on disk.
    pub fn acknowledged(&self, frames: u64) {
        self.acknowledged.fetch_add(frames, Relaxed);
    }

    /// A call is over, that would have sent `frames`, and has sent `sent`.
    pub fn finished(&self, frames: u64, sent: u64) {
        self.finished.fetch_add(1, Relaxed);
        self.bar.dec_length(frames.saturating_sub(sent));
    }

    /// Shows how far it is. The calls only count, since they do so a hundred thousand times a second.
    pub fn show(&self) {
        let (sent, finished) = (self.sent.load(Relaxed), self.finished.load(Relaxed));
        self.bar.set_position(sent);
        let waiting = if self.acknowledges {
            format!(", {} frames wait", sent.saturating_sub(self.acknowledged.load(Relaxed)))
        } else {
            String::new()
        };
        self.bar.set_message(format!("{finished} of {} calls done{waiting}", self.calls));
    }

    /// Writes a sentence to stderr, above the bar. If nobody can read it, it is lost: the report says the same.
    pub fn say(&self, sentence: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(io::stderr(), "{sentence}");
        });
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
