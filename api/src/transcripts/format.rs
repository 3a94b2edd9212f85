//! The formats of a call's transcripts, and which of them a request asks for.

use std::cmp::Reverse;

use actix_web::{
    HttpRequest,
    http::header::{Accept, Header, Quality},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::problem::{Problem, ProblemCode};

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

    /// Chooses by quality (RFC 9110, section 12.5.1). Among formats of equal quality, the one that the header names
    /// first wins.
    fn negotiate(request: &HttpRequest) -> Result<Self, Problem> {
        let Ok(accept) = Accept::parse(request) else { return Ok(Self::Json) };
        if accept.is_empty() {
            return Ok(Self::Json);
        }
        let ranges: Vec<_> = accept.iter().map(|range| (range.item.essence_str(), range.quality)).collect();
        let wanted = FORMATS.iter().filter_map(|(format, types)| {
            let (first, others) = types.split_first()?;
            let exact = others.iter().filter_map(|kind| ranges.iter().position(|(range, _)| range == kind)).min();
            let (place, quality) = exact.map(|place| (place, ranges[place].1)).or_else(|| place_of(first, &ranges))?;
            (quality != Quality::ZERO).then_some((*format, quality, place))
        });
        // The first of several minima is kept, which is the one that the service prefers.
        let best = wanted.min_by_key(|&(_, quality, place)| (Reverse(quality), place));
        best.map(|(format, ..)| format).ok_or_else(|| {
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

/// The place and quality of the most specific range that covers a media type.
fn place_of(kind: &str, ranges: &[(&str, Quality)]) -> Option<(usize, Quality)> {
    let family = kind.split_once('/').map_or(kind, |(family, _)| family);
    let covers: [&dyn Fn(&str) -> bool; 3] =
        [&|range| range == kind, &|range| range.strip_suffix("/*").is_some_and(|range| range == family), &|range| {
            range == "*/*"
        }];
    covers.iter().find_map(|covers| {
        let place = ranges.iter().position(|(range, _)| covers(range))?;
        Some((place, ranges[place].1))
    })
}
