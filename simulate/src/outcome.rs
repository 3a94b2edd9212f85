//! How calls ended, for the report.

use std::fmt;

use crate::{ledger::Counts, verify::Findings};

/// The result of a call.
#[derive(Debug)]
pub struct Outcome {
    /// The call's index in the run, from 0.
    pub number: u32,
    /// Counts of what was sent and acknowledged.
    pub counts: Counts,
    /// `None` if the run was stopped before the call started. An error is a complete sentence for the report.
    pub ending: Option<Result<Finished, String>>,
}

/// A finalized call. Prints as `<id> <URL>`, or `<id> -` if the call has no audio.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// The call's id.
    pub id: String,
    /// The URL that downloads the recording.
    pub recording: Option<String>,
    /// The differences between the recording and the audio sent.
    pub findings: Findings,
}

impl fmt::Display for Finished {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.id, self.recording.as_deref().unwrap_or("-"))
    }
}
