//! What the service answers, as far as a replay reads it.

use std::{fmt::Write, time::Duration};

use bytes::Bytes;
use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::Deserialize;

use super::message::Track;

/// How many of a problem's places are told.
const PLACES_MAX: usize = 3;

/// How long a service is waited for that asks to be tried again later: at least, and at most.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// A call.
#[derive(Debug, Deserialize)]
pub struct Call {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub status: String,
    /// Why it could not be finalized.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// What was recorded, once it is finalized.
    #[serde(default)]
    pub recordings: Vec<Recording>,
}

/// Why a call could not be finalized.
#[derive(Debug, Deserialize)]
pub struct Failure {
    /// A sentence.
    pub detail: String,
}

/// A recording.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// Its id.
    pub id: String,
    /// How long it is, in seconds.
    pub duration: f64,
    /// How many channels it has: one for each track that was heard.
    pub channels: u16,
    /// Where it is silent because nothing came.
    pub gaps: Vec<Gap>,
}

/// Silence that stands for audio that never came, in seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Gap {
    /// On which track.
    pub track: Track,
    /// Where it begins.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
}

/// What is stored of a call's audio.
#[derive(Debug, Deserialize)]
pub struct ChunkStatus {
    /// Its tracks.
    pub tracks: Vec<TrackStatus>,
}

/// What is stored of a track.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrackStatus {
    /// Whose voice it is.
    pub track: Track,
    /// The largest number that is stored.
    pub last_sequence: Option<u32>,
    /// The first holes between the stored numbers.
    #[serde(default)]
    pub missing: Vec<(u32, u32)>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Bytes,
    /// How long to wait before the request is made again, if the service is too busy for it now and says so.
    pub try_again: Option<Duration>,
}

impl Answer {
    /// Reads an answer to its end, so that its connection can be used again.
    pub async fn read(response: Response) -> reqwest::Result<Self> {
        let (status, try_again) = (response.status(), try_again(response.status(), response.headers()));
        Ok(Self { status, body: response.bytes().await?, try_again })
    }

    /// What the service says about a failure.
    pub fn detail(&self) -> String {
        detail(&self.body)
    }
}

/// What a problem says.
pub fn detail(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Problem {
        detail: String,
        #[serde(default)]
        errors: Vec<Place>,
    }
    #[derive(Deserialize)]
    struct Place {
        pointer: String,
        detail: String,
    }
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        return "the answer holds no problem details; is this Callstore?".to_owned();
    };
    let mut detail = problem.detail;
    for Place { pointer, detail: reason } in problem.errors.into_iter().take(PLACES_MAX) {
        // The service tells the first in its detail as well.
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
        assert!(answer("<html>").detail().contains("is this Callstore?"));
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
