//! What the log and the metrics say about the end of a stream.

use std::collections::BTreeMap;

use actix_http::ws::CloseCode;
use service::GrantEnd;
use uuid::Uuid;

/// The messages and frames of a carrier's stream that were skipped, by reason, and how many frames were stored.
#[derive(Debug, Default)]
pub(crate) struct Skipped {
    by_reason: BTreeMap<&'static str, u64>,
    stored: u64,
}

impl Skipped {
    /// Counts skipped messages or frames, here and in the metrics.
    pub(crate) fn count(&mut self, reason: &'static str, messages: u64) {
        if messages > 0 {
            *self.by_reason.entry(reason).or_default() += messages;
            metrics::counter!("callstore_stream_skipped_total", "reason" => reason).increment(messages);
        }
    }

    /// Counts stored frames.
    pub(crate) fn count_stored(&mut self, frames: u64) {
        self.stored += frames;
    }

    fn total(&self) -> u64 {
        self.by_reason.values().sum()
    }

    /// The reasons with their counts, such as `bad_base64: 12, conflict: 3`; `None` without any.
    fn reasons(&self) -> Option<String> {
        let reasons: Vec<_> = self.by_reason.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
        (!reasons.is_empty()).then(|| reasons.join(", "))
    }
}

/// The end of a stream's socket.
pub(crate) struct End<'a> {
    /// `callstore`, or `twilio` for carriers' media streams.
    pub protocol: &'static str,
    /// The call; `None` if the stream never got one.
    pub call: Option<Uuid>,
    /// The `streamSid` of a carrier's stream, if it was named.
    pub stream: Option<&'a str>,
    /// The close code.
    pub code: CloseCode,
    /// The reason that the peer was told.
    pub reason: &'a str,
    /// What was skipped of a carrier's stream.
    pub skipped: &'a Skipped,
    /// The dialect that the first messages look like, if the stream was refused, or closed because of what the peer did
    /// or because the service failed.
    pub refused: Option<&'static str>,
}

/// Writes one line for a stream that has ended: a warning if it was refused, which is also counted, or if all of it was
/// skipped.
pub(crate) fn note_end(end: End<'_>) {
    let End { protocol, call, stream, code, reason, skipped, refused } = end;
    let call = call.map(tracing::field::display);
    let code = u16::from(code);
    let (is_lost, reasons, skipped) = (skipped.stored == 0, skipped.reasons(), skipped.total());
    let Some(dialect) = refused else {
        if is_lost && skipped > 0 {
            let message = "A stream disconnected, and nothing of it was stored: all its messages were skipped.";
            return tracing::warn!(protocol, call, stream, code, reason, skipped, reasons, "{message}");
        }
        return tracing::info!(protocol, call, stream, code, reason, skipped, reasons, "A stream disconnected.");
    };
    let label = match code {
        1000 => "1000",
        1002 => "1002",
        1003 => "1003",
        1007 => "1007",
        1008 => "1008",
        1009 => "1009",
        _ => "1011",
    };
    metrics::counter!("callstore_stream_refused_total", "code" => label).increment(1);
    tracing::warn!(protocol, call, stream, code, reason, skipped, reasons, dialect, "A stream was refused.");
}

/// What the peer is told when its grant has ended.
pub(super) fn reason(end: GrantEnd) -> &'static str {
    match end {
        GrantEnd::Key => "The key was revoked or has expired.",
        GrantEnd::Token => "The call token has expired, or its key has ended.",
        GrantEnd::KeysRequired => "The service requires keys from now on. Reconnect with one.",
    }
}
