//! What a search asks for.

use super::order::{SearchSort, fingerprint};
use crate::{CallFilter, Private, Track, TranscriptKind, words::SearchQuery};

/// Selects a page of hits.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchTranscripts {
    /// What is searched for.
    pub query: SearchQuery,
    /// In which calls.
    pub filter: CallFilter,
    /// Only what this speaker says.
    pub speaker: Option<Private>,
    /// Only this track.
    pub track: Option<Track>,
    /// Only this kind.
    pub kind: Option<TranscriptKind>,
    /// The order.
    pub sort: SearchSort,
    /// Most hits to return.
    pub limit: u64,
    /// The position after the previous page.
    pub cursor: Option<String>,
}

impl SearchTranscripts {
    /// The first hits of a query in all calls, newest call first.
    #[must_use]
    pub fn all(query: SearchQuery, limit: u64) -> Self {
        let (filter, sort) = (CallFilter::default(), SearchSort::default());
        Self { query, filter, speaker: None, track: None, kind: None, sort, limit, cursor: None }
    }

    /// A hash of what is searched, for cursors.
    pub(super) fn fingerprint(&self) -> [u8; 8] {
        let Self { query, filter, speaker, track, kind, sort, limit: _, cursor: _ } = self;
        let speaker = speaker.as_ref().map(Private::expose);
        fingerprint(&format!("{} {} {speaker:?} {track:?} {kind:?} {sort:?}", query.canonical(), filter.plain()))
    }
}
