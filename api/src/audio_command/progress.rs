//! A bar on standard error, where that is a terminal and the work takes longer than a moment.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is faster than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

const KNOWN: &str = "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} to go";
const UNKNOWN: &str = "{spinner} {bytes}, {bytes_per_sec}, {elapsed}";

/// How much of a file has been read.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
    shown: bool,
}

impl Progress {
    /// Nothing is read yet.
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { bar, begun: Instant::now(), shown: false }
    }

    /// So many bytes there will be, if that is known.
    pub fn expect(&self, bytes: Option<u64>) {
        if let Some(bytes) = bytes {
            self.bar.set_length(bytes);
        }
        let template = if bytes.is_some() { KNOWN } else { UNKNOWN };
        self.bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    }

    /// So many more bytes are read.
    pub fn add(&mut self, bytes: usize) {
        self.bar.inc(bytes as u64);
        if !self.shown && self.begun.elapsed() >= PATIENCE {
            self.shown = true;
            // Draws nothing where standard error is no terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
