//! The service's responses, reduced to the fields that a simulation reads.

use std::{fmt::Write, time::Duration};

use bytes::Bytes;
use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::Deserialize;

use crate::frame::Track;

/// The most field errors of one problem that are printed.
const FIELD_ERRORS_MAX: usize = 3;

/// Bounds of the pause that a 503 asks for with `Retry-After`.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// A call, as the service represents it.
#[derive(Debug, Deserialize)]
pub(crate) struct Call {
    /// The call's id.
    pub id: String,
    /// The call's status, such as `active` or `completed`.
    pub status: String,
    /// Why the service could not finalize the call, if it failed.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// The recordings; empty until the call is finalized.
    #[serde(default)]
    pub recordings: Vec<Recording>,
}

/// Why the service could not finalize a call.
#[derive(Debug, Deserialize)]
pub(crate) struct Failure {
    /// The reason as a sentence.
    pub detail: String,
}

/// A recording of a call.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Recording {
    /// The recording's id.
    pub id: String,
    /// The recording's length in seconds.
    pub duration: f64,
    /// The number of channels: one per track that has audio.
    pub channels: u16,
    /// Stretches of silence where the service stored no audio.
    pub gaps: Vec<Gap>,
}

/// A stretch of a recording, in seconds, for which the service has no audio.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Gap {
    /// The silent track.
    pub track: Track,
    /// The first second of the gap.
    pub start: f64,
    /// The end of the gap.
    pub end: f64,
}

/// A summary of the chunks that the service stores for a call.
#[derive(Debug, Deserialize)]
pub(crate) struct ChunkStatus {
    /// One entry per track that has audio.
    pub tracks: Vec<TrackStatus>,
}

/// A summary of a track's stored chunks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrackStatus {
    /// The track.
    pub track: Track,
    /// The highest stored sequence.
    pub last_sequence: Option<u32>,
    /// The first ranges of sequences that are missing, both ends included.
    #[serde(default)]
    pub missing: Vec<(u32, u32)>,
}

/// The computed analytics of a call.
#[derive(Debug, Deserialize)]
pub(crate) struct Computed {
    /// The figures of each party.
    pub parties: Parties,
    /// When nobody speaks.
    pub silence: Total,
    /// When both speak.
    pub overlap: Total,
}

/// The parties of a call.
#[derive(Debug, Deserialize)]
pub(crate) struct Parties {
    pub caller: PartyFigures,
    pub agent: PartyFigures,
}

/// The computed figures of one party.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PartyFigures {
    /// How long it speaks, in seconds.
    pub talk_time: f64,
    pub turns: u32,
    pub interruptions: u32,
    pub backchannels: u32,
    pub response_latency: Latency,
}

/// The response latency of a party.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Latency {
    /// The number of responses.
    pub num: u32,
    /// Their median, in milliseconds.
    pub p50: Option<f64>,
}

/// The length of all silence or overlap, in seconds.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Total {
    pub total: f64,
}

/// A response whose body has been read to the end.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The whole body.
    pub body: Bytes,
    /// The pause before a retry. `Some` only for a 503 with a `Retry-After` in seconds.
    pub try_again: Option<Duration>,
}

impl Answer {
    /// Reads the body to the end, which lets the connection return to the pool.
    pub(crate) async fn read(response: Response) -> reqwest::Result<Self> {
        let (status, try_again) = (response.status(), try_again(response.status(), response.headers()));
        Ok(Self { status, body: response.bytes().await?, try_again })
    }

    /// The problem's explanation of a failure.
    pub(crate) fn detail(&self) -> String {
        detail(&self.body)
    }
}

/// The problem's `detail`, with the first field errors that it does not mention.
pub(crate) fn detail(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Problem {
        detail: String,
        #[serde(default)]
        errors: Vec<FieldError>,
    }
    #[derive(Deserialize)]
    struct FieldError {
        pointer: String,
        detail: String,
    }
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        return "the response is not a Callstore problem document; check --url.".to_owned();
    };
    let mut detail = problem.detail;
    for FieldError { pointer, detail: reason } in problem.errors.into_iter().take(FIELD_ERRORS_MAX) {
        // The service repeats the first field error in `detail`.
        if !detail.contains(&reason) {
            let _ = write!(detail, " [{pointer}: {reason}]");
        }
    }
    detail
}

fn try_again(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    (status == StatusCode::SERVICE_UNAVAILABLE).then(|| Duration::from_secs(seconds).clamp(PAUSE_MIN, PAUSE_MAX))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn answer(body: &'static str) -> Answer {
        Answer { status: StatusCode::CONFLICT, body: body.into(), try_again: None }
    }

    #[test]
    fn a_problem_is_told_with_its_places() {
        let body =
            r#"{"detail":"Not allowed.","errors":[{"pointer":"/chunks/3/audio","detail":"Empty."}],"status":422}"#;
        assert_eq!(answer(body).detail(), "Not allowed. [/chunks/3/audio: Empty.]");
        let body = r#"{"detail":"/audio: Empty.","errors":[{"pointer":"/audio","detail":"Empty."}]}"#;
        assert_eq!(answer(body).detail(), "/audio: Empty.");
        assert_eq!(answer(r#"{"detail":"The call has ended."}"#).detail(), "The call has ended.");
        assert!(answer("<html>").detail().contains("check --url"));
    }

    #[test]
    fn only_a_busy_service_is_asked_again() {
        let after = |status, value| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]);
            try_again(status, &headers)
        };
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(after(busy, "2"), Some(Duration::from_secs(2)));
        assert_eq!([after(busy, "0"), after(busy, "9000")], [Some(PAUSE_MIN), Some(PAUSE_MAX)]);
        assert_eq!(after(busy, "soon"), None);
        assert_eq!(after(StatusCode::CONFLICT, "2"), None);
        assert_eq!(try_again(busy, &HeaderMap::new()), None);
    }
}
