//! Which requests for an operation are entered in the audit log.

use actix_web::http::Method;

/// Operations that read what was said, heard or noted in a call.
const READS: [&str; 13] = [
    "downloadRecording",
    "getCallAudio",
    "getCallPeaks",
    "getComputedAnalytics",
    "getMetadata",
    "getPeaks",
    "getRecording",
    "listAnalytics",
    "listCallEvents",
    "listRecordings",
    "listSpeech",
    "listTranscripts",
    "searchTranscripts",
];
/// Operations that add audio, fifty times a second.
const ADDS_AUDIO: [&str; 2] = ["addAudioChunk", "addAudioChunks"];
/// Operations that are posted to and change nothing.
const WITHOUT_CHANGE: [&str; 1] = ["convertAudio"];

/// Which requests for an operation are entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audited {
    /// None but refusals.
    Never,
    /// Each, before it is answered.
    Always,
    /// A client's first on a path, before it is answered.
    First,
    /// Those that ask for more of calls than their rows: parts, or which calls hold a word or a value. Before they are
    /// answered.
    WithParts,
}

impl Audited {
    /// What holds for an operation of the document.
    pub(crate) fn of(method: &Method, path: &str, operation_id: &str) -> Self {
        if ADDS_AUDIO.contains(&operation_id) {
            Self::First
        } else if ["getCall", "getCallStats", "listCalls"].contains(&operation_id) {
            Self::WithParts
        } else if READS.contains(&operation_id) || path.starts_with("/admin/") {
            Self::Always
        } else if method == Method::GET || WITHOUT_CHANGE.contains(&operation_id) {
            Self::Never
        } else {
            Self::Always
        }
    }
}
