//! The progress of a run: counters, and a progress bar if stderr is a terminal.

use std::{
    io::{self, Write},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal::plain_line;

const TEMPLATE: &str = "{bar:40} {human_pos} of {human_len} frames, {per_sec}, {eta} left; {msg}";

/// The progress of all calls. Calls on all threads update the counters; one task draws the bar.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    sent: AtomicU64,
    acknowledged: AtomicU64,
    finished: AtomicU64,
    calls: u64,
    /// Whether the transport has acknowledgements.
    acknowledges: bool,
}

impl Progress {
    /// Starts at zero, with the planned number of calls and frames.
    #[must_use]
    pub(crate) fn new(calls: u64, frames: u64, acknowledges: bool) -> Self {
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        let (sent, acknowledged, finished) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Self { bar: ProgressBar::new(frames).with_style(style), sent, acknowledged, finished, calls, acknowledges }
    }

    /// Adds frames that were sent.
    pub(crate) fn sent(&self, frames: u64) {
        self.sent.fetch_add(frames, Relaxed);
    }

    /// Adds frames that the service confirmed.
    pub(crate) fn acknowledged(&self, frames: u64) {
        self.acknowledged.fetch_add(frames, Relaxed);
    }

    /// Counts a finished call. `frames` is what it planned to send and `sent` what it sent; the rest leaves the bar's
    /// total.
    pub(crate) fn finished(&self, frames: u64, sent: u64) {
        self.finished.fetch_add(1, Relaxed);
        self.bar.dec_length(frames.saturating_sub(sent));
    }

    /// Redraws the bar. The counters are updated a hundred thousand times a second, too often to redraw each time.
    pub(crate) fn show(&self) {
        let (sent, finished) = (self.sent.load(Relaxed), self.finished.load(Relaxed));
        self.bar.set_position(sent);
        let waiting = if self.acknowledges {
            format!(", {} frames unacknowledged", sent.saturating_sub(self.acknowledged.load(Relaxed)))
        } else {
            String::new()
        };
        self.bar.set_message(format!("{finished} of {} calls done{waiting}", self.calls));
    }

    /// Prints a sentence to stderr above the bar. Write errors are ignored, since the report repeats the sentence.
    pub(crate) fn say(&self, sentence: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(io::stderr(), "{}", plain_line(sentence));
        });
    }

    /// Removes the bar.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
