//! What can go wrong: with the run as a whole, before anything is sent, and with a single call.

use std::{error::Error, io, path::PathBuf};

use reqwest::StatusCode;
use thiserror::Error;
use tokio::task::JoinError;

/// Why nothing could be replayed.
#[derive(Debug, Error)]
pub enum SimulateError {
    /// A file cannot be read.
    #[error("{} cannot be read: {source}.", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of a session does not belong in one.
    #[error("{}, line {line}: {reason}.", file.display())]
    Damaged {
        /// The session's file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A session has no start.
    #[error("{} has no start message, so there is no call to replay.", .0.display())]
    NoStart(PathBuf),
    /// A file of transcripts is not a list.
    #[error("{} is not a list of transcripts: {source}.", file.display())]
    Transcripts {
        /// The file of transcripts.
        file: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Two files would be the same call.
    #[error("{} and {} are the same stream; replay them with --calls, under new names.", first.display(), second.display())]
    SameStream {
        /// The first of them.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Reading the files was interrupted.
    #[error("The sessions could not be read: {0}.")]
    Interrupted(JoinError),
    /// Recorded sessions are not compared sample by sample.
    #[error(
        "--verify samples compares synthetic calls, of which every sample is known; recorded sessions are compared by length."
    )]
    SamplesOfRecording,
    /// A part of the run could not be started.
    #[error("The run could not be started: {0}.")]
    Runtime(io::Error),
    /// The system allows too few open files.
    #[error(
        "{calls} calls at a time need about {needed} open files, and the system allows {allowed}: raise the limit \
         (ulimit -n {needed}), or make fewer calls."
    )]
    TooFewFiles {
        /// How many calls there would be.
        calls: usize,
        /// How many files they need.
        needed: u64,
        /// How many there may be.
        allowed: u64,
    },
    /// There can be no HTTP client.
    #[error("The HTTP client could not be set up: {}.", cause(.0))]
    Client(reqwest::Error),
    /// The key cannot be sent.
    #[error("The key (--key, CALLSTORE_KEY) has characters that no key has.")]
    KeyUnfit,
    /// Nothing answers at the URL.
    #[error("Cannot connect to {url} ({}): is Callstore running there?", cause(source))]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
}

/// Why a call could not be replayed.
#[derive(Debug, Error)]
pub enum CallFailure {
    /// A request was not answered.
    #[error("{request} was not answered: {}.", cause(source))]
    NoAnswer {
        /// Method and path.
        request: String,
        /// Why.
        source: reqwest::Error,
    },
    /// A request was refused.
    #[error("{request} was answered {status}: {detail}")]
    Refused {
        /// Method and path.
        request: String,
        /// The status.
        status: StatusCode,
        /// What the service said about it.
        detail: String,
    },
    /// An answer is not what the contract says.
    #[error("{request} was answered with something that is not a call: {source}.")]
    Unintelligible {
        /// Method and path.
        request: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A WebSocket was refused.
    #[error("The WebSocket {path} was answered {status}: {detail}")]
    Handshake {
        /// The path.
        path: String,
        /// The status.
        status: u16,
        /// What the service said about it.
        detail: String,
    },
    /// A WebSocket broke, and does not come back.
    #[error("The WebSocket {path} broke: {reason}.")]
    Broken {
        /// The path.
        path: String,
        /// Why.
        reason: String,
    },
    /// The service closed a WebSocket for good.
    #[error("The service closed the WebSocket with {code}: {reason}")]
    Closed {
        /// The code.
        code: u16,
        /// What it said.
        reason: String,
    },
    /// Frames were refused.
    #[error("{frames} frames were refused; the first, {frame}: {detail}")]
    FramesRefused {
        /// How many.
        frames: u64,
        /// Which was the first.
        frame: String,
        /// What the service said about it.
        detail: String,
    },
    /// Acknowledgements did not come.
    #[error("{frames} frames are not acknowledged, {seconds} s after the last was sent.")]
    Unacknowledged {
        /// How many.
        frames: usize,
        /// How long they were waited for.
        seconds: u64,
    },
    /// The stream has stopped, but its call goes on.
    #[error("The call is still active, {seconds} s after its stream has stopped.")]
    NotEnded {
        /// How long that was waited for.
        seconds: u64,
    },
    /// A recording is no WAV file of the kind that it should be.
    #[error("The recording is not what it should be: {reason}.")]
    NoWav {
        /// Why.
        reason: String,
    },
    /// The stream has been replayed before.
    #[error("A call of this stream is already {status}; --calls N replays it under new names.")]
    Over {
        /// What it is.
        status: String,
    },
    /// The call ended, but its recording does not come.
    #[error("The call is still not finalized, {minutes} minutes after its end.")]
    NotFinalized {
        /// How long that was waited for.
        minutes: u64,
    },
    /// The call ended, but its recording could not be made.
    #[error("The call could not be finalized: {detail}")]
    NotRecorded {
        /// What the service said about it.
        detail: String,
    },
}

/// What lies at the bottom of an error; what reqwest puts on top says no more than that there was one.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
