//! How far a run has come: counts, and a bar of them on a terminal. Where stderr is not a terminal, there is no bar.

use std::{
    io::{self, Write},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::script::Part;

const TEMPLATE: &str = "{bar:40} {human_pos} of {human_len} chunks, {per_sec}, {eta} to go";

/// The progress of all calls together.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    chunks: AtomicU64,
    audio_us: AtomicU64,
}

impl Progress {
    /// Nothing of `chunks` is done yet.
    #[must_use]
    pub fn new(chunks: u64) -> Self {
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(chunks).with_style(style);
        Self { bar, chunks: AtomicU64::new(0), audio_us: AtomicU64::new(0) }
    }

    /// The service has stored these.
    pub fn add(&self, part: &Part) {
        self.chunks.fetch_add(part.chunks, Relaxed);
        self.audio_us.fetch_add(part.audio.as_micros() as u64, Relaxed);
        self.bar.inc(part.chunks);
    }

    /// So many chunks will not be sent any more.
    pub fn give_up(&self, chunks: u64) {
        self.bar.dec_length(chunks);
    }

    /// Writes a sentence to stderr, above the bar. If nobody can read it, it is lost: the counts say the same.
    pub fn say(&self, sentence: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(io::stderr(), "{sentence}");
        });
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// How many chunks the service has stored.
    #[must_use]
    pub fn chunks(&self) -> u64 {
        self.chunks.load(Relaxed)
    }

    /// How long they last together.
    #[must_use]
    pub fn audio(&self) -> Duration {
        Duration::from_micros(self.audio_us.load(Relaxed))
    }
}
