//! The part of the call store for search.
//!
//! A search reads four things in one snapshot: the index, the transcripts, their calls and their recordings. What it
//! returns fits together, and what is deleted before the snapshot is in none of it.

use std::collections::HashMap;

use audio::number::{real, wide};
use entity::{call, recording, search_entry, transcript};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{
    gather::Gathering,
    indexing::{IndexProgress, Indexing},
    order::{Place, SearchSort, decode, encode},
    request::SearchTranscripts,
    snippet::{SnippetPart, said_at, snippet},
};
use crate::{Call, Error, Transcript, calls::Visible, core::Core, words::SearchQuery};

/// Hits that are compared by relevance.
const RANKED: u64 = 1_000;

/// A transcript that was found.
///
/// The call is given with each hit, so that a list of hits needs no further request. It is the call as of the snapshot,
/// without parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its call.
    pub call: Call,
    /// The transcript.
    pub transcript: Transcript,
    /// The text around the first match.
    pub snippet: Vec<SnippetPart>,
    /// Where to hear it; `None` without a recording.
    pub playback: Option<Playback>,
}

/// A place in a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Playback {
    /// The recording.
    pub recording_id: Uuid,
    /// Seconds from its beginning: the first matching word where words are known, else the utterance; `None` if neither
    /// has a time.
    pub start: Option<f64>,
}

/// A page of hits.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchPage {
    /// The hits.
    pub items: Vec<Found>,
    /// The cursor of the next page, if there is one.
    pub next_cursor: Option<String>,
    /// How far the transcripts from before are indexed; `None` once all are.
    pub indexing: Option<IndexProgress>,
}

/// Finds transcripts by their words.
///
/// A change of a transcript is found as soon as its request is answered, and a deleted one, or one of a deleted call,
/// is not found any more.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{SearchQuery, SearchTranscripts};
///
/// let search = SearchTranscripts::all(SearchQuery::parse("\"table for two\" -cancel*"), 20);
/// let page = callstore.search.transcripts(&search).await?;
/// assert!(page.items.is_empty() && page.next_cursor.is_none() && page.indexing.is_none());
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Search {
    pub(super) core: Core,
    pub(crate) indexing: Indexing,
}

impl Search {
    pub(crate) fn new(core: Core) -> Self {
        Self { indexing: Indexing::new(core.clone()), core }
    }

    /// A page of the transcripts that match, all read from one snapshot.
    ///
    /// A query that can match nothing, such as one of punctuation alone, gives an empty page and no error: people type
    /// such texts on the way to a better one. A page is empty only at the end; a rare filter makes a search slower,
    /// never shorter.
    ///
    /// # Errors
    /// `CursorInvalid`, or a failing database.
    pub async fn transcripts(&self, search: &SearchTranscripts) -> Result<SearchPage, Error> {
        let mark = search.fingerprint();
        let after = search.cursor.as_ref().map(|cursor| decode(cursor, mark)).transpose()?;
        let snapshot = self.core.database.snapshot().await?;
        let indexing = self.indexing.progress(&snapshot).await?;
        if !search.query.can_match() {
            return Ok(SearchPage { items: Vec::new(), next_cursor: None, indexing });
        }
        let gathering = Gathering { storage: self.core.database.storage(), snapshot: &snapshot, search };
        let mut places = match search.sort {
            SearchSort::StartTime => gathering.read(after.as_ref(), search.limit + 1).await?,
            SearchSort::Relevance => {
                let mut places = gathering.read(None, RANKED).await?;
                places.truncate(usize::try_from(RANKED).unwrap_or(usize::MAX));
                rank(&snapshot, &search.query, &mut places).await?;
                places.retain(|place| place.is_after(after.as_ref()));
                places
            }
        };
        let has_more = wide(places.len()) > search.limit;
        places.truncate(usize::try_from(search.limit).unwrap_or(usize::MAX));
        let next_cursor = places.last().filter(|_| has_more).map(|last| encode(last, mark));
        let items = read(&snapshot, &search.query, &places).await?;
        Ok(SearchPage { items, next_cursor, indexing })
    }
}

/// Ids in one query.
const IDS: usize = 500;

/// Scores hits and sorts them by it.
///
/// As in BM25 a word counts less the more often it occurs, and the longer the text is; the average length is fixed, so
/// that the score of a text does not depend on the others.
async fn rank(snapshot: &DatabaseTransaction, query: &SearchQuery, places: &mut [Place]) -> Result<(), DbErr> {
    const AVERAGE_WORDS: f64 = 12.0;
    let mut scores = HashMap::new();
    let ids: Vec<Uuid> = places.iter().map(|place| place.transcript).collect();
    for ids in ids.chunks(IDS) {
        let entries = search_entry::Entity::find();
        let entries = entries.filter(search_entry::Column::TranscriptId.is_in(ids.iter().copied()));
        for entry in entries.all(snapshot).await? {
            let words: Vec<&str> = entry.text.expose().split(' ').collect();
            let times = real(wide(query.occurrences(&words).len()));
            let length = 0.25 + 0.75 * real(wide(words.len())) / AVERAGE_WORDS;
            scores.insert(entry.transcript_id, times * 2.2 / (times + 1.2 * length));
        }
    }
    for place in places.iter_mut() {
        place.score = scores.get(&place.transcript).copied().unwrap_or_default();
    }
    places.sort_by(Place::order);
    Ok(())
}

/// Reads what is answered about hits.
async fn read(snapshot: &DatabaseTransaction, query: &SearchQuery, places: &[Place]) -> Result<Vec<Found>, DbErr> {
    let transcripts = transcript::Entity::find()
        .filter(transcript::Column::Id.is_in(places.iter().map(|place| place.transcript)))
        .all(snapshot)
        .await?;
    let mut transcripts: HashMap<Uuid, Transcript> = transcripts.into_iter().map(|row| (row.id, row.into())).collect();
    let mut calls: Vec<Uuid> = places.iter().map(|place| place.call).collect();
    calls.dedup();
    let recordings = recording::Entity::find().filter(recording::Column::CallId.is_in(calls.iter().copied()));
    let recordings: HashMap<Uuid, Uuid> =
        recordings.all(snapshot).await?.into_iter().map(|row| (row.call_id, row.id)).collect();
    let calls = call::Entity::find().visible().filter(call::Column::Id.is_in(calls));
    let calls: HashMap<Uuid, Call> = calls.all(snapshot).await?.into_iter().map(|row| (row.id, row.into())).collect();
    let found = places.iter().filter_map(|place| {
        let (call, transcript) = (calls.get(&place.call)?.clone(), transcripts.remove(&place.transcript)?);
        let start = said_at(query, &transcript);
        let playback = recordings.get(&place.call).map(|id| Playback { recording_id: *id, start });
        Some(Found { snippet: snippet(query, transcript.text.expose()), call, transcript, playback })
    });
    Ok(found.collect())
}
