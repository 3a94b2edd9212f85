//! A progress bar on stderr. It appears if stderr is a terminal and the work takes longer than a second.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use service::audio::number::wide;

/// How long the work may take before the bar appears.
const PATIENCE: Duration = Duration::from_secs(1);

const KNOWN: &str = "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} to go";
const UNKNOWN: &str = "{spinner} {bytes}, {bytes_per_sec}, {elapsed}";

/// The number of bytes read. Clones share the bar.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    begun: Instant,
    shown: bool,
}

impl Progress {
    /// Starts with a hidden bar.
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { bar, begun: Instant::now(), shown: false }
    }

    /// Sets the total, if it is known.
    pub(super) fn expect(&self, bytes: Option<u64>) {
        if let Some(bytes) = bytes {
            self.bar.set_length(bytes);
        }
        let template = if bytes.is_some() { KNOWN } else { UNKNOWN };
        self.bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    }

    /// Adds bytes that were read.
    pub(super) fn add(&mut self, bytes: usize) {
        self.bar.inc(wide(bytes));
        if !self.shown && self.begun.elapsed() >= PATIENCE {
            self.shown = true;
            // Draws nothing if stderr is not a terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Removes the bar.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
