//! A call to send: its identifiers, its audio, and how far it has come.

use bytes::Bytes;
use serde_json::json;

use crate::{error::CallFailure, ledger::Ledger, names::Names, source::Source};

/// A call to send.
#[derive(Debug)]
pub(crate) struct Call {
    /// The call's index in the run, from 0.
    pub number: u32,
    /// The call's identifiers.
    pub names: Names,
    /// The audio to send.
    pub source: Source,
    /// The seed of this call's faults; `None` without `--chaos`.
    pub chaos: Option<u64>,
    /// What has been sent and acknowledged so far.
    pub ledger: Ledger,
    /// Refused frames. They fail the call once everything has been sent.
    refused: Option<Refused>,
}

#[derive(Debug)]
struct Refused {
    frames: u64,
    first: String,
    detail: String,
}

impl Call {
    /// Creates a call that has sent nothing yet.
    #[must_use]
    pub(crate) fn new(number: u32, names: Names, source: Source, chaos: Option<u64>) -> Self {
        Self { number, names, source, chaos, ledger: Ledger::default(), refused: None }
    }

    /// The caller's number. The range +1 415 555 01xx is reserved for fiction.
    #[must_use]
    pub(crate) fn caller(&self) -> String {
        format!("+1415555{:04}", 100 + self.number % 100)
    }

    /// Records that the service refused a frame, and keeps the first reason.
    pub(crate) fn note_refusal(&mut self, frame: String, detail: String) {
        self.refused.get_or_insert(Refused { frames: 0, first: frame, detail }).frames += 1;
    }

    /// Fails if the service refused frames.
    pub(crate) fn check_refused(&mut self) -> Result<(), CallFailure> {
        self.refused.take().map_or(Ok(()), |Refused { frames, first, detail }| {
            Err(CallFailure::FramesRefused { frames, frame: first, detail })
        })
    }

    /// The call's name in sentences about it.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        match &self.source {
            Source::Recorded(script) => format!("{}, stream {}", script.file.display(), self.names.stream_sid),
            Source::Synthetic(..) => format!("Stream {}", self.names.stream_sid),
        }
    }

    /// The body of the `startCall` request.
    #[must_use]
    pub(crate) fn start_body(&self) -> Bytes {
        match &self.source {
            Source::Recorded(script) => script.start(&self.names),
            Source::Synthetic(..) => json!({
                "streamSid": self.names.stream_sid,
                "callSid": self.names.call_sid,
                "caller": self.caller(),
                "direction": "inbound",
            })
            .to_string()
            .into(),
        }
    }
}
