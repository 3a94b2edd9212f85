//! The formats of a call's transcripts, and which of them a request asks for.

use actix_web::HttpRequest;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    extract::accepted,
    problem::{Problem, ProblemCode},
};

/// A format of a call's transcripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TranscriptFormat {
    /// A page, as JSON.
    Json,
    /// WebVTT.
    Vtt,
    /// SubRip.
    Srt,
    /// A line for each transcript.
    Txt,
}

/// The formats with their media types, the preferred one first. Responses have the first media type. The others are
/// older names, which no range such as `text/*` stands for.
const FORMATS: [(TranscriptFormat, &[&str]); 4] = [
    (TranscriptFormat::Json, &["application/json"]),
    (TranscriptFormat::Vtt, &["text/vtt"]),
    (TranscriptFormat::Srt, &["application/x-subrip", "text/srt", "application/srt"]),
    (TranscriptFormat::Txt, &["text/plain"]),
];

impl TranscriptFormat {
    /// The format of the response: `given`, else the one that `Accept` prefers, else JSON.
    ///
    /// # Errors
    /// 406 if `Accept` allows none.
    pub(super) fn of(given: Option<Self>, request: &HttpRequest) -> Result<Self, Problem> {
        match given {
            Some(format) => Ok(format),
            None => Self::negotiate(request),
        }
    }

    fn negotiate(request: &HttpRequest) -> Result<Self, Problem> {
        accepted(request, &FORMATS).ok_or_else(|| {
            let detail = "No media type in Accept is available. Transcripts are available as application/json, text/vtt, \
                application/x-subrip and text/plain. Accept one of these, or choose it with ?format=json, vtt, srt or txt.";
            Problem::new(ProblemCode::NotAcceptable, detail)
        })
    }

    /// The `Content-Type` of captions and text.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Vtt => "text/vtt; charset=utf-8",
            Self::Srt => "application/x-subrip; charset=utf-8",
            Self::Txt => "text/plain; charset=utf-8",
        }
    }
}
