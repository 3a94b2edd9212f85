//! What a search asks for.
//!
//! The fields are conditions, and all must hold. They narrow the hits and never widen them, so an empty filter searches
//! everything that the key may read.

use super::order::{SearchSort, fingerprint};
use crate::{CallFilter, Private, Track, TranscriptKind, words::SearchQuery};

/// Selects a page of hits.
///
/// A cursor belongs to the search that returned it: with another query, filter or order it is refused with
/// `CursorInvalid`, while another `limit` is allowed.
///
/// # Examples
///
/// ```
/// use service::{SearchQuery, SearchSort, SearchTranscripts};
///
/// let all = SearchTranscripts::all(SearchQuery::parse("refund"), 20);
/// let said_by_agents = SearchTranscripts { speaker: Some("agent".into()), sort: SearchSort::Relevance, ..all };
/// assert!(said_by_agents.query.can_match());
/// // Punctuation holds no word, so that it is found nowhere.
/// assert!(!SearchQuery::parse("?!").can_match());
/// ```
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
