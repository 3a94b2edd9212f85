//! What came of a run.

use std::{fmt, time::Duration};

use super::Replayed;

/// What came of a run. It is printed as one line.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The calls that were replayed and finalized, in the order of the files.
    pub replayed: Vec<Replayed>,
    /// How many others there were.
    pub failed: usize,
    /// How many chunks the service has stored, also of calls that failed later.
    pub chunks: u64,
    /// How long they last together.
    pub audio: Duration,
    /// How long it took.
    pub elapsed: Duration,
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (calls, failed, chunks) = (self.replayed.len() + self.failed, self.failed, self.chunks);
        let (audio, elapsed) = (self.audio.as_secs_f64(), self.elapsed.as_secs_f64());
        let rate = chunks as f64 / elapsed.max(1e-3);
        write!(
            formatter,
            "calls: {calls}, chunks: {chunks}, audio: {audio:.1} s, elapsed: {elapsed:.2} s, chunks/s: {rate:.0}, \
             failed: {failed}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_one_line() {
        let replayed = vec![Replayed { call: "0199".to_owned(), recording: None }];
        let (audio, elapsed) = (Duration::from_millis(19_580), Duration::from_millis(500));
        let summary = Summary { replayed, failed: 1, chunks: 979, audio, elapsed };
        let line = "calls: 2, chunks: 979, audio: 19.6 s, elapsed: 0.50 s, chunks/s: 1958, failed: 1";
        assert_eq!(summary.to_string(), line);
        assert_eq!(summary.replayed[0].to_string(), "0199 -");
    }
}
