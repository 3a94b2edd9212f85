//! Errors of `callstore simulate`: of the whole run before anything is sent, and of a single call.

use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
};

use reqwest::StatusCode;
use thiserror::Error;
use tokio::task::JoinError;

/// The absolute form of a path: a relative one hides which folder the command ran in.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Why a run could not start or finish.
#[derive(Debug, Error)]
pub enum SimulateError {
    /// A file cannot be opened or read.
    #[error("{} cannot be read: {source}.", absolute(file).display())]
    Unreadable {
        /// The path of the file.
        file: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A line of a recorded session is invalid.
    #[error("{}, line {line}: {reason}.", absolute(file).display())]
    Damaged {
        /// The path of the session.
        file: PathBuf,
        /// The line number, from 1.
        line: usize,
        /// What is wrong with the line.
        reason: String,
    },
    /// A recorded session has no `start` message.
    #[error("{} has no start message. Use a recorded session that begins with one.", absolute(.0).display())]
    NoStart(PathBuf),
    /// A transcripts file is not a JSON array.
    #[error("{} is not a JSON array of transcripts: {source}.", absolute(file).display())]
    Transcripts {
        /// The path of the transcripts file.
        file: PathBuf,
        /// The error of the JSON parser.
        source: serde_json::Error,
    },
    /// Two files hold the same stream, and a stream can be replayed only once under its own name.
    #[error("{} and {} hold the same stream. Add --calls N to replay them under new names.", absolute(first).display(), absolute(second).display())]
    SameStream {
        /// The file that was given first.
        first: PathBuf,
        /// The file that repeats its stream.
        second: PathBuf,
    },
    /// The blocking task that reads files or sends calls panicked or was cancelled.
    #[error("The sessions could not be read: {0}.")]
    Interrupted(JoinError),
    /// `--verify samples` was given with recorded sessions, whose expected samples are unknown.
    #[error("--verify samples needs synthetic calls; recorded sessions are compared by length. Use --verify length.")]
    SamplesOfRecording,
    /// A thread's runtime could not be created.
    #[error("The run could not be started: {0}.")]
    Runtime(io::Error),
    /// The limit on open files is too low for the number of calls.
    #[error(
        "{calls} calls at a time need about {needed} open files, and the system allows {allowed}. Raise the limit \
         (ulimit -n {needed}), or lower --calls."
    )]
    TooFewFiles {
        /// The number of concurrent calls.
        calls: usize,
        /// The number of open files they need.
        needed: u64,
        /// The limit on open files.
        allowed: u64,
    },
    /// The HTTP client could not be created.
    #[error("The HTTP client could not be created: {}.", cause(.0))]
    Client(reqwest::Error),
    /// The key contains characters that an HTTP header cannot carry.
    #[error("The key (--key, CALLSTORE_KEY) contains characters that no key has. Copy it again, in full.")]
    KeyUnfit,
    /// Nothing responds at the URL.
    #[error("Cannot connect to {url} ({}). Is Callstore running there?", cause(source))]
    Unreachable {
        /// The URL of the service.
        url: String,
        /// The error of the HTTP client.
        source: reqwest::Error,
    },
}

/// Why a call failed.
#[derive(Debug, Error)]
pub enum CallFailure {
    /// A request got no complete response.
    #[error("{request} got no response: {}.", cause(source))]
    NoAnswer {
        /// The method and path.
        request: String,
        /// The error of the HTTP client.
        source: reqwest::Error,
    },
    /// The service answered a request with an error status.
    #[error("{request} returned {status}: {detail}")]
    Refused {
        /// The method and path.
        request: String,
        /// The status.
        status: StatusCode,
        /// The problem's explanation.
        detail: String,
    },
    /// A response does not have the documented form.
    #[error("{request} returned an unexpected body: {source}. Check that --url is a Callstore of this version.")]
    Unintelligible {
        /// The method and path.
        request: String,
        /// The error of the JSON parser.
        source: serde_json::Error,
    },
    /// The service refused a WebSocket handshake.
    #[error("The WebSocket handshake at {path} returned {status}: {detail}")]
    Handshake {
        /// The path.
        path: String,
        /// The status.
        status: u16,
        /// The problem's explanation.
        detail: String,
    },
    /// A WebSocket connection broke and could not be restored.
    #[error("The WebSocket {path} disconnected: {reason}.")]
    Broken {
        /// The path.
        path: String,
        /// The error of the WebSocket client.
        reason: String,
    },
    /// The service closed a WebSocket with a code that does not allow a reconnect.
    #[error("The service closed the WebSocket with {code}: {reason}")]
    Closed {
        /// The close code.
        code: u16,
        /// The service's reason.
        reason: String,
    },
    /// The service refused frames of a stream.
    #[error("The service refused {frames} frames, first {frame}: {detail}")]
    FramesRefused {
        /// The number of refused frames.
        frames: u64,
        /// The first refused frame, as track and sequence.
        frame: String,
        /// The service's explanation for the first one.
        detail: String,
    },
    /// Acknowledgements are missing at the end of a stream.
    #[error("{frames} frames were not acknowledged within {seconds} s after the last one was sent.")]
    Unacknowledged {
        /// The number of unacknowledged frames.
        frames: usize,
        /// How long the client waited for them.
        seconds: u64,
    },
    /// The call stays active although its stream has stopped.
    #[error("The call is still active {seconds} s after its stream stopped.")]
    NotEnded {
        /// How long the client waited.
        seconds: u64,
    },
    /// A recording is not the WAV file that the service should make.
    #[error("The recording is not the expected WAV file: {reason}.")]
    NoWav {
        /// The difference.
        reason: String,
    },
    /// The stream was replayed before, and its call has ended.
    #[error("The call of this stream is already {status}. Add --calls N to replay it under new names.")]
    Over {
        /// The status of that call.
        status: String,
    },
    /// A call has ended but is not finalized in time.
    #[error("The call is still not finalized {minutes} minutes after its end.")]
    NotFinalized {
        /// How long the client waited.
        minutes: u64,
    },
    /// The service failed to finalize the call.
    #[error("The service could not finalize the call: {detail}")]
    NotRecorded {
        /// The service's explanation.
        detail: String,
    },
}

/// The innermost source of an error. reqwest's own message only repeats that the request failed.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
