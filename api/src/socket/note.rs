//! What the log and the metrics say about the end of a stream.

use actix_http::ws::CloseCode;
use uuid::Uuid;

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
    /// How many messages and frames of a carrier's stream were skipped.
    pub skipped: u64,
    /// The dialect that the first messages look like, if the stream was refused, or closed because of what the peer did
    /// or because the service failed.
    pub refused: Option<&'static str>,
}

/// Writes one line for a stream that has ended: a warning if it was refused, which is also counted.
pub(crate) fn note_end(end: End<'_>) {
    let End { protocol, call, stream, code, reason, skipped, refused } = end;
    let call = call.map(tracing::field::display);
    let code = u16::from(code);
    let Some(dialect) = refused else {
        return tracing::info!(protocol, call, stream, code, reason, skipped, "A stream disconnected.");
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
    tracing::warn!(protocol, call, stream, code, reason, skipped, dialect, "A stream was refused.");
}
