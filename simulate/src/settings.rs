//! What the command line chooses for all calls of a run.

use clap::ValueEnum;
use serde::Serialize;

use crate::pace::Speed;

/// The command-line settings that a call needs.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How audio reaches the service.
    pub transport: Transport,
    /// Chunks per HTTP request.
    pub batch: usize,
    /// The replay speed.
    pub speed: Speed,
    /// How recordings are compared.
    pub verify: Verify,
}

/// A transport. The comments on the variants appear in `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// HTTP requests with batches of chunks
    Http,
    /// Twilio Media Streams over a WebSocket
    Twilio,
    /// The service's stream protocol over a WebSocket
    Stream,
}

/// How recordings are compared. The comments on the variants appear in `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Verify {
    /// Compare duration and gaps
    Length,
    /// Compare duration, gaps and every sample
    Samples,
    /// Do not compare
    None,
}
